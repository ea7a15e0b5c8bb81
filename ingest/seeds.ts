import type { Flag } from './event.ts';
import type { Intake } from './intake.ts';
import { isBlank } from './sections.ts';

/** Seeds say so in `meta.seed_run_id`; a public caller's word for it does not count. */
export const isSeed = (intake: Intake): Flag =>
  intake.origin.road !== 'track' && !intake.tracked && !isBlank(intake.sections.meta?.seed_run_id) ? 1 : 0;
