import { domainToASCII, domainToUnicode } from 'node:url';

/** Names that UTS 46 applies to; other names and IP addresses are left unchanged. */
const INTERNATIONAL = /[^\p{ASCII}]|(?:^|\.)xn--/iu;

function withDomain(address: string, convert: (domain: string) => string): string {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  if (at < 0 || !INTERNATIONAL.test(domain)) return address;
  // Empty for an invalid host name.
  return `${address.slice(0, at)}@${convert(domainToASCII(domain)) || domain}`;
}

/** The address with its domain in A-labels (`xn--…`), as SMTP uses it (UTS 46, RFC 5891). */
export function withALabels(address: string): string {
  return withDomain(address, (ascii) => ascii);
}

/** False for invalid A-labels (RFC 5891 §4.2), and for names that end like an IPv4 address (RFC 3696 §2). */
export function mayBeInDns(labels: readonly string[]): boolean {
  const isReadable = (label: string) => !/^xn--/i.test(label) || !/^xn--/i.test(domainToUnicode(label));
  return labels.every(isReadable) && !/^\d+$/.test(labels.at(-1) ?? '');
}

/** The address with its domain in U-labels (`bücher`), for display. */
export function withULabels(address: string): string {
  return withDomain(address, domainToUnicode);
}
