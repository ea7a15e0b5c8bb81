import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { KadaError } from '../../ingest/errors.ts';
import { namesOf } from '../../ingest/event-types.ts';
import { pathPatternsOverlap } from './path-pattern.ts';

/** What a session can do as a step: a web event's canonical type, or the purchase credited to it (funnel.md 6). */
export const stepTypes = [
  'page_view',
  'click',
  'add_to_cart',
  'begin_checkout',
  'scroll',
  'search',
  'form_interaction',
  'purchase',
] as const;
export type StepType = (typeof stepTypes)[number];

export interface FunnelStep {
  readonly label: string;
  readonly type: StepType;
  /** exact path, or a prefix that ends in `/*`; null: any page */
  readonly pagePath: string | null;
}

export interface FunnelDefinition {
  readonly name: string;
  readonly title: string;
  /** how long after its entry a session can still convert */
  readonly windowSeconds: number;
  readonly steps: readonly FunnelStep[];
}

export type FunnelRefusalCode =
  | 'KADA_FUNNELS_UNREADABLE'
  | 'KADA_FUNNELS_INVALID'
  | 'KADA_FUNNEL_NAME_TWICE'
  | 'KADA_FUNNEL_PURCHASE_MISSING'
  | 'KADA_FUNNEL_STEPS_OVERLAP'
  | 'KADA_FUNNEL_WINDOW_TOO_LONG'
  | 'KADA_FUNNEL_BEGINS_WITH_PURCHASE'
  | 'KADA_FUNNEL_PURCHASE_HAS_PATH';

export interface FunnelRefusal {
  readonly code: FunnelRefusalCode;
  readonly message: string;
}

const pagePath = z
  .string()
  .max(400)
  .regex(/^\/[^?#*]*\*?$/, 'begins with "/", without query or fragment, "*" only at the end')
  .refine((text) => !text.endsWith('*') || text.endsWith('/*'), '"*" stands alone after a slash')
  .refine((text) => text === '/' || !text.endsWith('/'), 'a stored path has no trailing slash');

const funnelSchema = z.strictObject({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z][a-z0-9_-]*$/, 'lower-case letters, digits, - and _'),
  title: z.string().trim().min(1).max(100),
  windowSeconds: z.int().min(1),
  steps: z
    .array(
      z.strictObject({
        label: z.string().trim().min(1).max(40),
        type: z.enum(stepTypes),
        pagePath: pagePath.nullable().default(null),
      }),
    )
    .min(2)
    .max(8),
});
const funnelsSchema = z.array(funnelSchema).min(1);

/**
 * Reads FUNNELS_FILE and refuses what could not be counted exactly (funnel.md, Definition).
 * Rejects with a KadaError whose code is that of the first refusal and whose message names all of them.
 */
export async function loadFunnels(
  path: string | URL,
  options: { readonly horizonHours: number },
): Promise<readonly FunnelDefinition[]> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KadaError(
      'KADA_FUNNELS_UNREADABLE',
      `The funnel definitions in ${path} cannot be read: ${why}`,
    );
  }
  const checked = checkFunnels(content, options);
  const first = checked.refusals[0];
  if (first === undefined) return checked.funnels;
  throw new KadaError(
    first.code,
    `The funnel definitions in ${path} are refused: ${checked.refusals.map((one) => one.message).join('; ')}`,
  );
}

/** All refusals at once; `funnels` is empty unless there are none. Pure. */
export function checkFunnels(
  content: unknown,
  options: { readonly horizonHours: number },
): { readonly funnels: readonly FunnelDefinition[]; readonly refusals: readonly FunnelRefusal[] } {
  const parsed = funnelsSchema.safeParse(content);
  if (!parsed.success) {
    const refusals = parsed.error.issues.map((issue): FunnelRefusal => {
      const where = issue.path.length === 0 ? 'the file' : issue.path.join('.');
      return { code: 'KADA_FUNNELS_INVALID', message: `${where}: ${issue.message}` };
    });
    return { funnels: [], refusals };
  }
  const refusals = [
    ...refuseNames(parsed.data),
    ...parsed.data.flatMap((funnel) => refuseFunnel(funnel, options.horizonHours)),
  ];
  return { funnels: refusals.length === 0 ? parsed.data : [], refusals };
}

function refuseNames(funnels: readonly FunnelDefinition[]): FunnelRefusal[] {
  const names = funnels.map((funnel) => funnel.name);
  const refusals = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map(
      (name): FunnelRefusal => ({
        code: 'KADA_FUNNEL_NAME_TWICE',
        message: `two funnels are named ${name}`,
      }),
    );
  if (!names.includes('purchase')) {
    refusals.push({
      code: 'KADA_FUNNEL_PURCHASE_MISSING',
      message: 'the funnel `purchase` must exist: gold.funnel_daily is made from it',
    });
  }
  return refusals;
}

function refuseFunnel(funnel: FunnelDefinition, horizonHours: number): FunnelRefusal[] {
  const refusals: FunnelRefusal[] = [];
  if (funnel.windowSeconds * 2 > horizonHours * 3600) {
    refusals.push({
      code: 'KADA_FUNNEL_WINDOW_TOO_LONG',
      message: `${funnel.name}: its window of ${funnel.windowSeconds} s is over half the live horizon of ${horizonHours} h, so that hardly a cohort could ever be complete`,
    });
  }
  // An entry is something that a session did; a purchase is only known to be its own by what it did before.
  if (funnel.steps[0]?.type === 'purchase') {
    refusals.push({
      code: 'KADA_FUNNEL_BEGINS_WITH_PURCHASE',
      message: `${funnel.name}: the first step cannot be a purchase`,
    });
  }
  funnel.steps.forEach((step, index) => {
    if (step.type === 'purchase' && step.pagePath !== null) {
      refusals.push({
        code: 'KADA_FUNNEL_PURCHASE_HAS_PATH',
        message: `${funnel.name}: a purchase has no page path`,
      });
    }
    for (const other of funnel.steps.slice(index + 1)) {
      if (step.type !== other.type || !pathPatternsOverlap(step.pagePath, other.pagePath)) continue;
      refusals.push({
        code: 'KADA_FUNNEL_STEPS_OVERLAP',
        message: `${funnel.name}: one event could be both "${step.label}" and "${other.label}", and taking it for one could miss a conversion`,
      });
    }
  });
  return refusals;
}

/** Types of events whose dead letters are missing in this step; those of orders by all their names (events.md 5). */
export function stepEventTypes(step: FunnelStep): readonly string[] {
  return step.type === 'purchase' ? [...namesOf('order_created'), ...namesOf('order_paid')] : [step.type];
}

/** The rule in a word, as the page shows it: `page_view /products/*`, `paid or COD`. */
export function stepRule(step: FunnelStep): string {
  if (step.type === 'purchase') return 'paid or COD';
  return step.pagePath === null ? step.type : `${step.type} ${step.pagePath}`;
}
