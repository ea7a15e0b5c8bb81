import type { CanonicalType } from '../../ingest/event.ts';
import type { FunnelDefinition } from './definitions.ts';
import { isMatch, matchesPath, type PathMatcher, pathMatcher } from './path-pattern.ts';

/**
 * Which step of each funnel an event is, as one small number: two events with the same signature mean the same
 * to every funnel. Signatures are made as they are met; there are as many as ways in which paths match.
 */
export interface StepSignatures {
  ofWebEvent(type: CanonicalType, pagePath: string | null): number;
  /** a credited purchase */
  readonly purchase: number;
  /** 0-based step of that funnel, or -1 */
  step(signature: number, funnel: number): number;
  /** is it a step of any funnel? */
  isStep(signature: number): boolean;
}

interface TypeSteps {
  /** distinct patterns of this type over all funnels */
  readonly patterns: readonly PathMatcher[];
  /** binary tree over "pattern i matches": node → next node, or at the last pattern → signature; -1 unknown */
  readonly tree: number[];
}

export function createStepSignatures(funnels: readonly FunnelDefinition[]): StepSignatures {
  const count = funnels.length;
  /** [signature × funnels + funnel] */
  const steps: number[] = [];
  const known = new Map<string, number>();
  const types = new Map<CanonicalType, TypeSteps>();
  const none = signatureOf(funnels.map(() => -1));
  const purchase = signatureOf(
    funnels.map((funnel) => funnel.steps.findIndex((step) => step.type === 'purchase')),
  );
  for (const step of funnels.flatMap((funnel) => funnel.steps)) {
    if (step.type === 'purchase' || types.has(step.type)) continue;
    const same = funnels.flatMap((funnel) => funnel.steps).filter((other) => other.type === step.type);
    const patterns = [...new Set(same.map((other) => other.pagePath))].map(pathMatcher);
    types.set(step.type, { patterns, tree: [-1, -1] });
  }
  return {
    ofWebEvent,
    purchase,
    step: (signature, funnel) => steps[signature * count + funnel] as number,
    isStep: (signature) => signature !== none,
  };

  function ofWebEvent(type: CanonicalType, pagePath: string | null): number {
    const own = types.get(type);
    if (own === undefined) return none;
    const { patterns, tree } = own;
    let node = 0;
    let slot = 0;
    for (let i = 0; i < patterns.length; i += 1) {
      slot = node * 2 + (isMatch(patterns[i] as PathMatcher, pagePath) ? 1 : 0);
      if (i === patterns.length - 1) break;
      node = tree[slot] as number;
      if (node < 0) {
        node = tree.length / 2;
        tree[slot] = node;
        tree.push(-1, -1);
      }
    }
    const found = tree[slot] as number;
    if (found >= 0) return found;
    const signature = signatureOf(
      funnels.map((funnel) =>
        funnel.steps.findIndex((step) => step.type === type && matchesPath(step.pagePath, pagePath)),
      ),
    );
    tree[slot] = signature;
    return signature;
  }

  function signatureOf(stepOfFunnel: readonly number[]): number {
    const key = stepOfFunnel.join();
    const old = known.get(key);
    if (old !== undefined) return old;
    const signature = known.size;
    known.set(key, signature);
    steps.push(...stepOfFunnel);
    return signature;
  }
}
