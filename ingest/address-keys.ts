/**
 * Keys whose value is taken for an IP address wherever they stand in a body: what STORE_IP does not allow is
 * taken out of them before the body is stored (events.md 4).
 */
const addressKeys = new Set([
  'ip',
  'ip_address',
  'ipaddress',
  'ip_addr',
  'ipaddr',
  'client_ip',
  'clientip',
  'remote_ip',
  'remoteip',
  'remote_addr',
  'remoteaddr',
  'remote_address',
  'remoteaddress',
  'x_forwarded_for',
  'x-forwarded-for',
  'xforwardedfor',
  'x_real_ip',
  'x-real-ip',
]);
// first letters i, c, r, x in either case: most keys are told apart without hashing them
const candidates = new Set([105, 99, 114, 120]);

export const isAddressKey = (key: string): boolean =>
  key.length <= 15 &&
  key.length >= 2 &&
  candidates.has(key.charCodeAt(0) | 32) &&
  addressKeys.has(key.toLowerCase());
