import type { z } from 'zod';
import { addIssue, type Intake } from '../intake.ts';

/** Validates cleaned fields; zod's issues join those of the cleaning, one a path. */
export const judgeBy = (intake: Intake, contract: z.ZodType, fields: unknown): void => {
  const result = contract.safeParse(fields);
  if (result.success) return;
  for (const { path, code, message } of result.error.issues) {
    const at = path.join('.');
    if (intake.issues?.some((known) => known.path === at)) continue;
    addIssue(intake, at, code, message);
  }
};
