import { isAddressKey } from './address-keys.ts';

/** Nesting levels of a body; the body itself is the first. Beyond them canonicalize and friends overflow. */
export const maxDepth = 32;
/** Object keys of a whole body, nested ones counted. */
export const maxKeys = 1_000;

export type ShapeFault = 'not_object' | 'too_deep' | 'too_many_keys' | 'not_finite' | 'poisoned';
/** `plain` and `holds_address` are sound; the second has a key that names an IP address (events.md 4). */
export type Shape = 'plain' | 'holds_address' | ShapeFault;

const underscore = 95;
const lowerC = 99;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPoison = (key: string, value: unknown): boolean => {
  const first = key.charCodeAt(0);
  if (first === underscore) return key === '__proto__';
  if (first === lowerC && key === 'constructor') return isObject(value) && Object.hasOwn(value, 'prototype');
  return false;
};

/**
 * What a parsed body looks like, by a loop: JSON.parse takes 30,000 levels, recursion does not.
 * A flat body costs one pass over its keys and no allocation.
 */
export const shapeOf = (body: unknown): Shape => {
  if (!isObject(body)) return 'not_object';
  let keys = 0;
  let address = false;
  let level: object[] = [body];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > maxDepth) return 'too_deep';
    let next: object[] | undefined;
    for (const node of level) {
      if (Array.isArray(node)) {
        for (const value of node) {
          if (typeof value === 'number') {
            if (!Number.isFinite(value)) return 'not_finite';
          } else if (typeof value === 'object' && value !== null) {
            if (next === undefined) next = [value];
            else next.push(value);
          }
        }
        continue;
      }
      for (const key in node) {
        keys += 1;
        if (keys > maxKeys) return 'too_many_keys';
        const value: unknown = (node as Record<string, unknown>)[key];
        if (isPoison(key, value)) return 'poisoned';
        if (!address && isAddressKey(key)) address = true;
        if (typeof value === 'number') {
          if (!Number.isFinite(value)) return 'not_finite';
        } else if (typeof value === 'object' && value !== null) {
          if (next === undefined) next = [value];
          else next.push(value);
        }
      }
    }
    level = next ?? none;
  }
  return address ? 'holds_address' : 'plain';
};

const none: object[] = [];
