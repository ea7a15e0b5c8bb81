import type { Scope } from './event.ts';
import type { Intake } from './intake.ts';

/**
 * `ui` for /track and `ui.*` messages, whatever their body says: a public client can never claim a domain event's
 * id (events.md 5).
 * @param raw the event's type, where it is known; a `ui.*` type makes a `ui.*` message of any key
 */
export const scopeOf = ({ origin }: Intake, raw = ''): Scope => {
  if (origin.road === 'track') return 'ui';
  if (origin.road === 'collector') return 'domain';
  return origin.routingKey.startsWith('ui.') || /^ui\./i.test(raw) ? 'ui' : 'domain';
};
