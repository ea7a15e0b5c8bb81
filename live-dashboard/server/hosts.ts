const ALWAYS = ['localhost', '127.0.0.1', '[::1]'];

/** The host of a Host header or an Origin's authority, without the port, in lower case. */
function hostOf(authority: string): string {
  const lower = authority.trim().toLowerCase();
  if (lower.startsWith('[')) return lower.slice(0, lower.indexOf(']') + 1);
  const colon = lower.indexOf(':');
  return colon === -1 ? lower : lower.slice(0, colon);
}

/**
 * Names by which the dashboard may be called. A page elsewhere whose name was pointed here (DNS rebinding) sends its
 * own name, and so never reaches the payloads.
 */
export function createHostCheck(allowed: readonly string[]): (host: string | undefined) => boolean {
  const names = new Set([...ALWAYS, ...allowed].map(hostOf));
  return function isAllowedHost(host) {
    return host !== undefined && names.has(hostOf(host));
  };
}

/**
 * May a page of this origin open the WebSocket? Browsers always send Origin and let any page connect anywhere, so
 * it must be the page that this server gave out. Programs send none.
 */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match?.[1] !== undefined && match[1].toLowerCase() === host?.trim().toLowerCase();
}

/** Does only this machine reach what listens there? */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}
