import { lookup as lookUp } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** An address that we do not send to, or that nobody knows. */
export class RefusedAddressError extends Error {
  override readonly name = 'RefusedAddressError';
}

/** Whether an IP address is one of the public internet, to which anybody might send. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  // Only 2000::/3 is given out; what lies outside may be some IPv4 address in disguise.
  return parsed instanceof ipaddr.IPv4 || ((parsed.parts[0] ?? 0) & 0xe000) === 0x2000;
}

export type Resolve = (hostname: string) => Promise<readonly { address: string; family: number }[]>;

/** All addresses of a name, as the system knows them. */
export const resolveName: Resolve = (hostname) => lookUp(hostname, { all: true });

export interface AddressRules {
  /** Private addresses and http are fine as well. */
  readonly allowPrivate: boolean;
  readonly resolve?: Resolve;
}

/** Names that never lead to the public internet. */
const privateNames = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|home\.arpa)$/;

/**
 * The URL of a receiver on the public internet. Throws RefusedAddressError, with a sentence for
 * whoever wrote the URL. A name that does not resolve now is taken: its addresses are looked at
 * again at every connection.
 */
export async function parseReceiverUrl(text: string, rules: AddressRules): Promise<URL> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !(url.protocol === 'https:' || (rules.allowPrivate && url.protocol === 'http:')))
    throw new RefusedAddressError('must be a URL with https');
  if (url.username || url.password || url.hash)
    throw new RefusedAddressError('must have neither credentials nor a fragment');
  if (rules.allowPrivate) return url;

  const host = bareHost(url);
  const literal = ipaddr.isValid(host);
  // Decimal, octal and hexadecimal spellings of an address have no use but to hide it.
  if (literal && writtenHost(text) !== url.hostname)
    throw new RefusedAddressError('must spell an IP address in the usual way');
  if (literal ? !isPublicAddress(host) : isPrivateName(host))
    throw new RefusedAddressError('must be on the public internet');
  if (literal) return url;
  const addresses = await (rules.resolve ?? resolveName)(host).catch(() => []);
  if (!addresses.every(({ address }) => isPublicAddress(address)))
    throw new RefusedAddressError('must be on the public internet');
  return url;
}

/** The host as it was written, before the URL's parser made an address of `0x7f.1`. */
const writtenHost = (text: string) =>
  /^https:\/\/(\[[^\]]*\]|[^/?#:]*)/i.exec(text)?.[1]?.toLowerCase();

/** The host of a URL as resolvers and IP parsers want it: no brackets, no final dot. */
export const bareHost = (url: URL): string =>
  url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

const isPrivateName = (host: string) => !host.includes('.') || privateNames.test(host);

/**
 * The addresses to connect to for a host, each of them public. Throws RefusedAddressError when any
 * is not: a name with one public and one private address is up to something.
 */
export async function checkedAddresses(
  host: string,
  { allowPrivate, resolve = resolveName }: AddressRules,
): Promise<{ address: string; family: number }[]> {
  const addresses = await resolve(host);
  const isFine = allowPrivate || addresses.every(({ address }) => isPublicAddress(address));
  if (addresses.length === 0 || !isFine)
    throw new RefusedAddressError('The address is not on the public internet');
  return addresses.map(({ address, family }) => ({ address, family }));
}
