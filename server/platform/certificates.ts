import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { type Der, readDer, readOid, TAG } from './der.ts';
import { type ComparableName, readName } from './distinguished_names.ts';

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * @param text certificates in PEM; text between them is ignored
 * @throws Error with a message that follows the name of a setting
 */
export function readCertificates(text: string): X509Certificate[] {
  const blocks = text.match(PEM_BLOCK) ?? [];
  if (blocks.length === 0) throw new Error('must name a file with certificates in PEM');
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new Error('must name a file with certificates that can be read');
  }
}

/**
 * A certificate as proxies put it into a header: `:base64 of DER:` (RFC 9440 §2.2), PEM with its line breaks
 * percent-encoded (nginx) or turned into spaces (Apache), or base64 of DER alone (HAProxy).
 * @returns undefined when it is none of these, or more than one certificate
 */
export function parseForwardedCertificate(value: string): X509Certificate | undefined {
  const base64 = base64Of(value.trim());
  if (base64 === undefined || !BASE64.test(base64)) return undefined;
  const der = Buffer.from(base64, 'base64');
  try {
    const certificate = new X509Certificate(der);
    return certificate.raw.equals(der) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function base64Of(value: string): string | undefined {
  const structured = /^:([^:]*):$/.exec(value)?.[1];
  if (structured !== undefined) return structured;
  let text = value;
  try {
    text = decodeURIComponent(value);
  } catch {
    return undefined;
  }
  const pem = /^-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----\s*$/.exec(text)?.[1];
  return pem === undefined ? text : pem.replace(/\s/g, '');
}

/** Extended key usages that allow TLS client authentication (RFC 5280 §4.2.1.12). */
const CLIENT_USAGES = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

/**
 * True when one of the authorities itself has issued the certificate, for a client, and both are valid now. An
 * intermediate authority must be in the list; a certificate from a listed authority is not enough.
 * @param now milliseconds since the epoch
 */
export function isIssuedBy(
  authorities: readonly X509Certificate[],
  certificate: X509Certificate,
  now: number,
): boolean {
  // The type is wrong: undefined when the certificate has no such extension.
  const usages = certificate.keyUsage as readonly string[] | undefined;
  if (usages && !usages.some((usage) => CLIENT_USAGES.includes(usage))) return false;
  if (!isInForce(certificate, now)) return false;
  return authorities.some(
    (authority) =>
      authority.ca &&
      isInForce(authority, now) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey),
  );
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

/**
 * The names in a certificate, read from its bytes: Node's text form is for display, and a certificate can be made so
 * that it misleads.
 */
export interface CertificateNames {
  readonly subject: ComparableName;
  /** Lower case. */
  readonly dns: readonly string[];
  readonly email: readonly string[];
  readonly uri: readonly string[];
  /** In the form of `canonicalAddress`. */
  readonly ip: readonly string[];
}

const SUBJECT_ALTERNATIVE_NAMES = '2.5.29.17';

/** @throws Error when the certificate is not DER as RFC 5280 §4.1 has it */
export function namesOf(certificate: X509Certificate): CertificateNames {
  const toBeSigned = inside(inside(certificate.raw, 0).content, 0);
  const fields = readDer(toBeSigned.content);
  // The version comes first and is optional; subject is the fifth after it.
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  if (subject?.tag !== TAG.sequence) throw new Error('no subject');
  const alternatives = alternativeNames(fields);
  const texts = (tag: number) =>
    alternatives.filter((one) => one.tag === tag).map(({ content }) => content.toString('latin1'));
  return {
    subject: readName(subject.content),
    email: texts(0x81),
    dns: texts(0x82).map((name) => name.toLowerCase()),
    uri: texts(0x86),
    ip: alternatives.filter(({ tag }) => tag === 0x87).map(({ content }) => addressOf(content)),
  };
}

function alternativeNames(fields: readonly Der[]): Der[] {
  const extensions = fields.find(({ tag }) => tag === 0xa3);
  if (!extensions) return [];
  for (const { content } of readDer(inside(extensions.content, 0).content)) {
    const parts = readDer(content);
    const [id] = parts;
    const value = parts.at(-1);
    if (id?.tag === TAG.oid && readOid(id.content) === SUBJECT_ALTERNATIVE_NAMES && value) {
      return readDer(inside(value.content, 0).content);
    }
  }
  return [];
}

function inside(bytes: Buffer, index: number): Der {
  const element = readDer(bytes)[index];
  if (!element) throw new Error('too short');
  return element;
}

function addressOf(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  return canonicalAddress(groups.join(':'));
}

/** An IPv6 address in the form of RFC 5952; any other text unchanged. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
