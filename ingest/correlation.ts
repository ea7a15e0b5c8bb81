import type { Aliased } from './alias-index.ts';
import { lenientId } from './fields.ts';
import type { Intake } from './intake.ts';
import { correlationKeys } from './keys.ts';
import { find, isBlank } from './sections.ts';

const longest = 64;

/**
 * The AMQP property (which in our own messages may be the session's id), else the aliases.
 * @param found where all fields were looked for already
 */
export const correlationOf = (intake: Intake, found?: Aliased): string | null => {
  const { origin, tracked, body, sections } = intake;
  const property = origin.road === 'amqp' && !tracked ? origin.correlationId : undefined;
  if (!isBlank(property)) return lenientId(intake, 'correlation_id', property, longest);
  if (tracked && body.correlation_id !== undefined) {
    return lenientId(intake, 'correlation_id', body.correlation_id, longest);
  }
  const aliased = found === undefined ? find(sections.all, correlationKeys) : found.correlation;
  return lenientId(intake, 'correlation_id', aliased, longest);
};
