import { keepableIp, type StoreIp } from './address.ts';
import type { Origin } from './delivery.ts';
import type { DeliveredBy, Issue, SourceName } from './event.ts';
import type { Sections } from './sections.ts';

/** Why a field is not stored as it was given; stands in the row's meta. */
export type Mark = 'too_long' | 'cut' | 'personal' | 'not_text' | 'not_valid' | 'not_an_object';

/** One decoded event on its way to a row: what was given, and what was found wrong with it so far. */
export interface Intake {
  readonly body: Record<string, unknown>;
  readonly sections: Sections;
  /** what is stored as payload: the original text, redacted as STORE_IP asks */
  readonly text: string;
  readonly origin: Origin;
  readonly via: DeliveredBy;
  readonly source: SourceName;
  /** ms; of a message that the tracking API published, the time at which that API received it */
  readonly receivedAt: number;
  /** always-new events before this one in its delivery */
  readonly ordinal: number;
  readonly storeIp: StoreIp;
  /** published by our own tracking API: already normalised, its body keys are final, NULLs too */
  readonly tracked: boolean;
  /** ms; when this replay is judged */
  readonly replayedAt: number | undefined;
  /** of a replay: the id of an event that would be always new */
  readonly madeId: string | undefined;
  issues: Issue[] | undefined;
  marks: Record<string, Mark> | undefined;
}

export const addIssue = (intake: Intake, path: string, code: string, message: string): void => {
  const issue = { path, code, message };
  if (intake.issues === undefined) intake.issues = [issue];
  else intake.issues.push(issue);
};

export const addMark = (intake: Intake, field: string, mark: Mark): void => {
  intake.marks ??= {};
  intake.marks[field] = mark;
};

/** The peer's address as far as it may be stored; over AMQP there is none. */
export const peerIp = (intake: Intake): string | null =>
  intake.origin.road === 'amqp' ? null : keepableIp(intake.origin.ip, intake.storeIp);
