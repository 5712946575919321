import { lookup as lookUp, Resolver } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** An address that we do not send to, or that is unknown. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';
}

/** Whether an IP address is a public one, reachable from the internet. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // Only 2000::/3 is given out; what lies outside may be some IPv4 address in disguise.
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000;
}

export type Resolve = (hostname: string) => Promise<readonly { address: string; family: number }[]>;

/** All addresses of a name, as the system knows them: `localhost` and /etc/hosts too. */
const resolveBySystem: Resolve = (hostname) => lookUp(hostname, { all: true });

/**
 * All addresses of a name that the DNS knows, IPv4 first. The system's own lookup has four threads
 * for everybody, which a few slow names would hold; this one waits without a thread. Throws when
 * there are none.
 */
export async function resolveByDns(
  hostname: string,
  servers?: readonly string[],
): Promise<{ address: string; family: number }[]> {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  if (servers) resolver.setServers(servers);
  const [v4, v6] = await Promise.allSettled([
    resolver.resolve4(hostname),
    resolver.resolve6(hostname),
  ]);
  if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason;
  const found = (answer: typeof v4, family: number) =>
    answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
  return [...found(v4, 4), ...found(v6, 6)];
}

export interface AddressRules {
  /** Private addresses, http and any port are fine as well. */
  readonly allowPrivate: boolean;
  readonly resolve?: Resolve;
}

/** The system's names only where private addresses are fine: all others are those of the DNS. */
const resolverOf = ({ allowPrivate, resolve }: AddressRules): Resolve =>
  resolve ?? (allowPrivate ? resolveBySystem : (hostname) => resolveByDns(hostname));

/** How long a name may take to resolve while a webhook is being saved. */
const resolvingMs = 2000;

/** Other ports are no place for a receiver, but one to find out what a host has. */
const ports = new Set(['', '8443']);

/** Names that never lead to the public internet. */
const privateNames = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa)$/;

/**
 * The URL of a receiver on the public internet. Throws RefusedAddressError, with a sentence for
 * the author of the URL. A name that does not resolve now, or not within two seconds, is taken: its
 * addresses are checked again at every connection.
 */
export async function parseReceiverUrl(text: string, rules: AddressRules): Promise<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !(url.protocol === 'https:' || (rules.allowPrivate && url.protocol === 'http:')))
    throw new RefusedAddressError('must be a URL with https');
  if (url.username || url.password || url.hash)
    throw new RefusedAddressError('must have neither credentials nor a fragment');
  if (rules.allowPrivate) return url;

  if (!ports.has(url.port)) throw new RefusedAddressError('must have port 443 or 8443');

  const host = bareHost(url);
  if (url.hostname.replace(/\.$/, '').split('.').includes(''))
    throw new RefusedAddressError('must have a host without empty labels');
  const literal = ipaddr.isValid(host);
  // Decimal, octal and hexadecimal spellings of an address have no use but to hide it.
  if (literal && writtenHost(text) !== url.hostname)
    throw new RefusedAddressError('must spell an IP address in the usual way');
  if (literal ? !isPublicAddress(host) : isPrivateName(host))
    throw new RefusedAddressError('must be on the public internet');
  if (literal) return url;
  const addresses = await inTime(resolverOf(rules)(host), resolvingMs).catch(() => []);
  if (!addresses.every(({ address }) => isPublicAddress(address)))
    throw new RefusedAddressError('must be on the public internet');
  return url;
}

/** What a promise comes to, unless that takes too long: then it throws. */
async function inTime<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Too late')), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** The host as it was written, before the URL's parser made an address of `0x7f.1`. */
const writtenHost = (text: string) =>
  /^https:\/\/(\[[^\]]*\]|[^/?#:]*)/i.exec(text)?.[1]?.toLowerCase();

/** The host of a URL as resolvers and IP parsers want it: no brackets, no final dots. */
export const bareHost = ({ hostname }: Pick<URL, 'hostname'>): string =>
  hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');

const isPrivateName = (host: string) => !host.includes('.') || privateNames.test(host);

/**
 * The addresses to connect to for a host, each of them public. Throws RefusedAddressError when any
 * is not: a name with one public and one private address is up to something.
 */
export async function checkedAddresses(
  host: string,
  rules: AddressRules,
): Promise<{ address: string; family: number }[]> {
  const addresses = await resolverOf(rules)(host);
  const isFine = rules.allowPrivate || addresses.every(({ address }) => isPublicAddress(address));
  if (addresses.length === 0 || !isFine)
    throw new RefusedAddressError('The address is not on the public internet');
  return addresses.map(({ address, family }) => ({ address, family }));
}
