import ipaddr from 'ipaddr.js';
import { isAddressKey } from './address-keys.ts';
import { isObject } from './shape.ts';

/** Setting STORE_IP: how much of an IP address is stored. */
export type StoreIp = 'truncated' | 'full' | 'none';

/** the column's length */
const longestAddress = 64;
const rememberAtMost = 4_096;
const remembered = new Map<string, string | null>();

const truncate = (address: string): string | null => {
  // a zone (fe80::1%eth0) names an interface of ours
  const bare = address.replace(/%.*$/, '');
  if (!ipaddr.isValid(bare) || (!bare.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(bare)))
    return null;
  const parsed = ipaddr.process(bare);
  const bits = parsed.kind() === 'ipv4' ? 24 : 48;
  const kept = parsed.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0));
  return ipaddr.fromByteArray(kept).toString();
};

/** IPv4 to its /24, IPv6 to its /48, an IPv4 in IPv6 as IPv4; null for what is no address. */
export const truncateIp = (address: string): string | null => {
  const known = remembered.get(address);
  if (known !== undefined) return known;
  const truncated = truncate(address);
  if (remembered.size >= rememberAtMost) remembered.clear();
  if (address.length <= longestAddress) remembered.set(address, truncated);
  return truncated;
};

/** What STORE_IP lets us keep of an address. */
export const keepableIp = (address: string | null | undefined, storeIp: StoreIp): string | null => {
  if (address === null || address === undefined || storeIp === 'none') return null;
  const trimmed = address.trim();
  if (trimmed === '') return null;
  if (storeIp === 'truncated') return truncateIp(trimmed);
  return trimmed.length <= longestAddress ? trimmed : null;
};

const redactText = (text: string, storeIp: StoreIp): string | null => {
  // x-forwarded-for is a list
  const kept = text.split(',').map((part) => keepableIp(part, storeIp));
  return kept.every((part) => part === null) ? null : kept.join(', ');
};

/** @param address whether the value stands under a key that names an address */
const redacted = (value: unknown, address: boolean, storeIp: StoreIp): unknown => {
  if (typeof value === 'string') return address ? redactText(value, storeIp) : value;
  if (Array.isArray(value)) {
    const copy = value.map((inner) => redacted(inner, address, storeIp));
    return copy.some((inner, index) => inner !== value[index]) ? copy : value;
  }
  if (isObject(value)) return redactBody(value, storeIp);
  return address ? null : value;
};

/**
 * The body with no more in its address keys than STORE_IP allows: the same object where that changes nothing, so
 * that the original text stays; else a copy. Doing it twice changes nothing: a replay of a redacted payload has
 * the same content. The body's depth is bounded before.
 */
export const redactBody = (body: Record<string, unknown>, storeIp: StoreIp): Record<string, unknown> => {
  if (storeIp === 'full') return body;
  const copy: Record<string, unknown> = {};
  let changed = false;
  for (const key of Object.keys(body)) {
    const value = body[key];
    const kept = redacted(value, isAddressKey(key), storeIp);
    if (kept !== value) changed = true;
    copy[key] = kept;
  }
  return changed ? copy : body;
};
