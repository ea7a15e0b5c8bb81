import type { Scope } from './event.ts';
import { plainText } from './fields.ts';
import { isUuid, uuidFromText } from './identity.ts';
import { addIssue, type Intake } from './intake.ts';
import { idKeys } from './keys.ts';
import { find, isBlank } from './sections.ts';

/**
 * The id that the event came with, as a lower-case UUID; undefined when it has none and one must be made.
 * One that is no UUID is an issue on /track; elsewhere its UUID is made from its text.
 */
export const givenId = (intake: Intake, scope: Scope): string | undefined => {
  const { origin, sections, body } = intake;
  const inEnvelope = find(sections.envelope, idKeys);
  const given = inEnvelope ?? (isBlank(body.id) ? undefined : body.id);
  if (given !== undefined) {
    const text = plainText(given);
    if (typeof text === 'string' && isUuid(text)) return text.toLowerCase();
    if (typeof text === 'string' && origin.road !== 'track') return uuidFromText(scope, text);
    addIssue(intake, 'event_id', 'invalid_uuid', 'expected a UUID');
    return undefined;
  }
  if (origin.road !== 'amqp' || origin.messageId === undefined) return undefined;
  const messageId = origin.messageId.trim();
  return isUuid(messageId) ? messageId.toLowerCase() : undefined;
};
