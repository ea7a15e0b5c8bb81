import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const SESSION_COOKIE = 'kada_session';
/** seconds */
export const SESSION_AGE = 30 * 24 * 3600;

const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

/** Knows DASHBOARD_TOKEN, and the session value that a browser keeps in its place. */
export interface AccessToken {
  matches(given: string): boolean;
  /** What the cookie holds: derived, so that it survives a restart and does not give the token away. */
  readonly session: string;
  /** Is a request let in by its cookie or its Authorization header? */
  admits(cookie: string | undefined, authorization: string | undefined): boolean;
}

export function createAccessToken(token: string): AccessToken {
  const tokenDigest = digest(token);
  const session = createHmac('sha256', token).update('kada dashboard session').digest('base64url');
  const sessionDigest = digest(session);

  /** Digests have one length, so that the comparison tells nothing of it. */
  const equals = (given: string, expected: Buffer): boolean => timingSafeEqual(digest(given), expected);

  function admits(cookie: string | undefined, authorization: string | undefined): boolean {
    if (cookie !== undefined && equals(cookie, sessionDigest)) return true;
    const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    return bearer !== undefined && equals(bearer, tokenDigest);
  }

  return { session, matches: (given) => equals(given, tokenDigest), admits };
}
