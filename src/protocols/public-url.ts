/** Names that stand for a machine or a network of one's own, and the ones beneath them. */
const PRIVATE_NAMES = ["localhost", "local", "localdomain", "internal", "home.arpa", "lan", "svc"];

/** Ranges of IPv4 that no public host is in, by an address and the bits of it that count: IANA's registry of special-purpose addresses, and multicast. */
const PRIVATE_IPV4: readonly (readonly [address: string, bits: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Ranges within the public part of IPv6 that are reserved or carry an IPv4 address, by the first two groups and the bits of them that count. */
const PRIVATE_IPV6: readonly (readonly [groups: readonly [number, number], bits: number])[] = [
  [[0x2001, 0x0000], 23],
  [[0x2001, 0x0db8], 32],
  [[0x2002, 0x0000], 16],
  [[0x3fff, 0x0000], 20],
];

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * Whether the server may be made to read an address that a user names: `https`, without a user's name, and on a host that is neither spelled as
 * an address of a private network nor named as one. Names are not resolved, and where an address redirects to is not known.
 */
export function isPublicUrl(url: string): boolean {
  // Parsers disagree on what a backslash or a control character means, so that another one could see another host.
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (/[\\\u0000-\u001f\u007f]/.test(url) || !/^https:\/\/[^/]/i.test(url) || !URL.canParse(url)) return false;
  const { username, password, hostname } = new URL(url);
  if (username !== "" || password !== "" || /^[^/?#]*@/.test(url.slice("https://".length))) return false;
  if (hostname.startsWith("[")) return isPublicIpv6(hostname.slice(1, -1));
  // However an IPv4 address is spelled, parsing has made it four decimal numbers.
  return IPV4.test(hostname) ? isPublicIpv4(hostname) : isPublicName(hostname);
}

function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return name.includes(".") && !PRIVATE_NAMES.some((end) => name === end || name.endsWith(`.${end}`));
}

function isPublicIpv4(address: string): boolean {
  return !PRIVATE_IPV4.some(([start, bits]) => numberOf(address) >>> (32 - bits) === numberOf(start) >>> (32 - bits));
}

function numberOf(address: string): number {
  return address.split(".").reduce((value, octet) => ((value << 8) | Number(octet)) >>> 0, 0);
}

/** Only 2000::/3 is public, which leaves out loopback, private and link-local ranges and most of those that carry an IPv4 address. */
function isPublicIpv6(address: string): boolean {
  // The first group decides: what is left out before a double colon is zero.
  const [first = "", second = ""] = address.split(":");
  const [high, low] = [Number.parseInt(first || "0", 16), Number.parseInt(second || "0", 16)];
  const head = ((high << 16) | low) >>> 0;
  if (head >>> 29 !== 1) return false;
  return !PRIVATE_IPV6.some(([[one, other], bits]) => head >>> (32 - bits) === (((one << 16) | other) >>> 0) >>> (32 - bits));
}
