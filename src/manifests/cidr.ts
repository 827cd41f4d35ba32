import { isIPv4, isIPv6 } from 'node:net';

/** All addresses. */
export const ALL_IPV4 = '0.0.0.0/0';

/** Networks that are not part of the Internet, and the one of each link. */
export const PRIVATE_NETWORKS: readonly string[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'];

/** An IP network: its address as a number, and how many of its bits count. */
interface Cidr {
  readonly version: 4 | 6;
  readonly address: bigint;
  readonly bits: number;
}

/** A network as NetworkPolicies take it, `10.20.0.0/16` or `2001:db8::/32`; undefined where it is none. */
function parseCidr(text: unknown): Cidr | undefined {
  const [, host = '', length = ''] = typeof text === 'string' && text.length <= 64 ? /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [] : [];
  const version = versionOf(host);
  const width = version === 4 ? 32 : 128;
  if (version === undefined || host.includes('%') || Number(length) > width || /^0\d/.test(length)) return undefined;
  return { version, address: addressOf(host), bits: Number(length) };
}

export function isCidr(text: unknown): boolean {
  return parseCidr(text) !== undefined;
}

/** Whether a network is in another, and not all of it: what the API server wants of exceptions. */
export function isPartOf(part: unknown, whole: unknown): boolean {
  const [inner, outer] = [parseCidr(part), parseCidr(whole)];
  if (!inner || !outer || inner.version !== outer.version || inner.bits <= outer.bits) return false;
  const rest = BigInt((outer.version === 4 ? 32 : 128) - outer.bits);
  return inner.address >> rest === outer.address >> rest;
}

/** Whether some address of a network, without its exceptions, is in another. */
export function reaches(cidr: unknown, exceptions: readonly unknown[], other: string): boolean {
  const common = cidr === other || isPartOf(other, cidr) ? other : isPartOf(cidr, other) ? cidr : undefined;
  return common !== undefined && !exceptions.some((exception) => exception === common || isPartOf(common, exception));
}

/** Whether a text is the address of a host, without brackets and without a zone. */
export function isAddress(text: string): boolean {
  return text.length <= 64 && !text.includes('%') && versionOf(text) !== undefined;
}

/** The network of one address; undefined for what is a name. */
export function cidrOfAddress(host: string): string | undefined {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const version = versionOf(address);
  return version === undefined || address.includes('%') ? undefined : `${address}/${version === 4 ? 32 : 128}`;
}

/** Node's pattern of IPv6 addresses takes milliseconds to compile, and most programs have none. */
function versionOf(address: string): 4 | 6 | undefined {
  if (isIPv4(address)) return 4;
  return address.includes(':') && isIPv6(address) ? 6 : undefined;
}

function ofIPv4(host: string): bigint {
  return host.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function addressOf(host: string): bigint {
  // The last two groups of an IPv6 address may be written as an IPv4 address.
  const text = host.replace(/[\d.]+$/, (tail) => tail.includes('.') ? `${(ofIPv4(tail) >> 16n).toString(16)}:${(ofIPv4(tail) & 0xffffn).toString(16)}` : tail);
  const [head, tail] = text.split('::').map((side) => side === '' ? [] : side.split(':'));
  const groups = tail === undefined ? head : [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
