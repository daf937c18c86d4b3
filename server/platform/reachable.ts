import { BlockList, isIP } from 'node:net';

/**
 * Addresses that outbound requests may connect to: the public internet without special-purpose addresses (RFC 6890 and
 * the IANA registries), and those that the operator allows.
 */
export type IsReachable = (address: string) => boolean;

export const LOOPBACK = ['127.0.0.0/8', '::1/128'] as const;

const SPECIAL_IPV4 = [
  '0.0.0.0/8', // this network (RFC 791)
  '10.0.0.0/8', // private (RFC 1918)
  '100.64.0.0/10', // shared by carriers (RFC 6598)
  '127.0.0.0/8', // loopback (RFC 1122)
  '169.254.0.0/16', // link-local, and metadata services of clouds (RFC 3927)
  '172.16.0.0/12', // private (RFC 1918)
  '192.0.0.0/24', // protocol assignments (RFC 6890)
  '192.0.2.0/24', // documentation (RFC 5737)
  '192.31.196.0/24', // AS112 (RFC 7535)
  '192.52.193.0/24', // AMT (RFC 7450)
  '192.88.99.0/24', // 6to4 relays (RFC 7526)
  '192.168.0.0/16', // private (RFC 1918)
  '192.175.48.0/24', // AS112 (RFC 7534)
  '198.18.0.0/15', // benchmarks (RFC 2544)
  '198.51.100.0/24', // documentation (RFC 5737)
  '203.0.113.0/24', // documentation (RFC 5737)
  '224.0.0.0/4', // multicast (RFC 5771)
  '240.0.0.0/4', // reserved, and broadcast (RFC 1112)
] as const;

/** Everything but 2000::/3, the allocated part of IPv6, and special-purpose addresses in that part. */
const SPECIAL_IPV6 = [
  '::/3', // unspecified, loopback, IPv4-mapped (RFC 4291), NAT64 (RFC 6052, RFC 8215), discard (RFC 6666)
  '4000::/2', // not allocated; segment routing (RFC 9602)
  '8000::/1', // unique local (RFC 4193), link-local and site-local (RFC 4291), multicast
  '2001::/23', // protocol assignments: Teredo (RFC 4380), benchmarks (RFC 5180), ORCHID (RFC 7343)
  '2001:db8::/32', // documentation (RFC 3849)
  '2002::/16', // 6to4, which wraps any IPv4 address (RFC 3056)
  '2620:4f:8000::/48', // AS112 (RFC 7534)
  '3fff::/20', // documentation (RFC 9637)
] as const;

// One list for each family: Node treats an IPv4 address as its IPv4-mapped form, which is in ::/3.
const SPECIAL = { 4: ranges(SPECIAL_IPV4), 6: ranges(SPECIAL_IPV6) };

/** @param allowed addresses or CIDR ranges that are allowed although they are special */
export function createIsReachable(allowed: readonly string[]): IsReachable {
  const exempt = { 4: ranges(ofFamily(allowed, 4)), 6: ranges(ofFamily(allowed, 6)) };
  return (address) => {
    const family = isIP(address);
    // `fe80::1%eth0` is in no list, because Node cannot parse it
    if ((family !== 4 && family !== 6) || address.includes('%')) return false;
    return !contains(SPECIAL[family], address) || contains(exempt[family], address);
  };
}

export const isLoopbackAddress = (address: string): boolean =>
  isIP(address) !== 0 && LOOPBACK.some((range) => contains(ranges([range]), address));

function ofFamily(cidrs: readonly string[], family: 4 | 6): string[] {
  return cidrs.filter((cidr) => isIP(cidr.split('/')[0] ?? '') === family);
}

function ranges(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits] = cidr.split('/');
    const family = nameOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const contains = (list: BlockList, address: string) => list.check(address, nameOf(address));

function nameOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
