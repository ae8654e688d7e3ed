/** Tells public addresses from those that a call on a tenant's behalf must never reach. */
import { BlockList, isIP } from 'node:net';

/** IANA IPv4 Special-Purpose Address Registry, multicast, and what clouds put their own services on. */
const CLOSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  // Azure's wire server: a public number that every machine there can reach.
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** All that IANA has given out for use in public (RFC 4291, section 2.4). */
const OPEN_IPV6 = '2000::/3';

/** Inside of it: protocol assignments with Teredo and ORCHID, documentation, 6to4, AS112. */
const CLOSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20'];

const closed = blockList(CLOSED_IPV4, 'ipv4');
for (const range of CLOSED_IPV6) addTo(closed, range, 'ipv6');
const openIpv6 = blockList([OPEN_IPV6], 'ipv6');

/**
 * True for an address that anybody on the internet may reach. Every form that carries an IPv4 address inside an IPv6
 * one (mapped, compatible, NAT64, 6to4, Teredo) is refused, whatever it carries.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !closed.check(address, 'ipv4');
  // A zone (`fe80::1%eth0`) names an interface of this machine.
  if (family !== 6 || address.includes('%')) return false;
  return openIpv6.check(address, 'ipv6') && !closed.check(address, 'ipv6');
}

function blockList(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) addTo(list, range, family);
  return list;
}

function addTo(list: BlockList, range: string, family: 'ipv4' | 'ipv6'): void {
  const [network = '', bits = ''] = range.split('/');
  list.addSubnet(network, Number(bits), family);
}
