import { type BatchSummary, summarise } from '../http/batch-reply.ts';
import type { Wording } from '../http/delivery.ts';

/** The 202s of the collector (http.md): the same for one event and for many. */
export const collectorWording: Wording = {
  one: (outcome) => worded(summarise([outcome])),
  many: worded,
};

function worded(summary: BatchSummary): string {
  return JSON.stringify(summary);
}
