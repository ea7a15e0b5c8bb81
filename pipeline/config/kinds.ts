import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';

/**
 * The kinds of value that a setting can have. Each takes the text of an environment variable; messages finish
 * the sentence "NAME …" and never quote the value, which may be a secret.
 */

const affirmative: ReadonlySet<string> = new Set(['yes', 'true', '1']);
const negative: ReadonlySet<string> = new Set(['no', 'false', '0']);

export const text = z.string().trim();
/** Kept exactly as given: a password may begin with a space. */
export const verbatim = z.string();

export const flag = z
  .string()
  .trim()
  .toLowerCase()
  .refine((value) => affirmative.has(value) || negative.has(value), 'must be yes or no (true/false, 1/0)')
  .transform((value) => affirmative.has(value));

/** A whole number from `min` to `max`, both included. */
export const integer = (min: number, max: number) => {
  const says = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .trim()
    .regex(/^\d{1,15}$/, says)
    .transform(Number)
    .refine((value) => value >= min && value <= max, says);
};

/** 0 takes a free port. */
export const port = integer(0, 65_535);

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(values, `must be one of ${values.join(', ')}`));

/** Separated by commas; blanks and repeats left out. */
export const list = z.string().transform((value): readonly string[] => [
  ...new Set(
    value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
]);

/** `https://shop.example`, as a browser sends it; undefined for what is no bare http(s) origin. */
const originOf = (value: string): string | undefined => {
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  const bare = url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '';
  return bare && (url.protocol === 'https:' || url.protocol === 'http:') ? url.origin : undefined;
};

/** A list of origins. */
export const origins = list.transform((values, context): readonly string[] => {
  const found = values.map(originOf);
  if (found.includes(undefined)) {
    context.addIssue('must list origins such as https://shop.example, without a path and without *');
  }
  return [...new Set(found.filter((origin) => origin !== undefined))];
});

const namedRanges: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** A list of addresses or CIDR ranges whose forwarding headers are believed. */
export const proxies = list.refine(
  (values) =>
    values.every(
      (value) =>
        namedRanges.has(value) || isIP(value) !== 0 || (value.includes('/') && ipaddr.isValidCIDR(value)),
    ),
  'must list the addresses of your proxies (10.0.0.5, 10.0.0.0/8, loopback, linklocal or uniquelocal)',
);

/** A list of host names, without scheme and port. */
export const hostNames = list
  .refine(
    (values) => values.every((value) => /^[a-z0-9._-]+$/i.test(value) || /^\[[0-9a-f:.]+\]$/i.test(value)),
    'must list host names without scheme and port (analytics.example.lk)',
  )
  .transform((values): readonly string[] => values.map((value) => value.toLowerCase()));

const keyProblem = (key: string): string | undefined => {
  if (/change-?me/i.test(key)) return 'still holds the placeholder change-me: make a key of your own';
  if (key.length < 16) return 'must be at least 16 characters long';
  if (!/^[\x21-\x7e]+$/.test(key)) return 'may hold printable ASCII without blanks only';
  return undefined;
};

/** A key or token that somebody must present: long enough not to be guessed, and no placeholder. */
export const secretKey = z
  .string()
  .trim()
  .superRefine((value, context) => {
    const problem = keyProblem(value);
    if (problem !== undefined) context.addIssue(problem);
  });

/** Several keys, so that they can be rotated. */
export const secretKeys = list.superRefine((values, context) => {
  for (const value of values) {
    const problem = keyProblem(value);
    if (problem !== undefined)
      context.addIssue(values.length === 1 ? problem : `(each of its keys) ${problem}`);
  }
});

export const amqpUrl = z
  .string()
  .trim()
  .refine(
    (value) =>
      URL.canParse(value) && /^amqps?:$/.test(new URL(value).protocol) && new URL(value).hostname !== '',
    'must be an amqp:// or amqps:// URL (amqp://user:password@host:5672/vhost)',
  );

export const byteSize = text.regex(
  /^\d+(\.\d+)?\s?([KMGT]i?B)$/i,
  'must be a size such as 512MB or 1GB (KB, MB, GB, TB, KiB, MiB, GiB, TiB)',
);

export const timeZone = text.refine((value) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}, 'must be an IANA time zone such as UTC or Asia/Colombo');
