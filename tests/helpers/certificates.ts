import 'reflect-metadata';
import { generateKeyPairSync, type JsonWebKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { defer, type Scope } from './scope.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** A certificate with its private key. */
export interface Identity {
  readonly pem: string;
  readonly keyPem: string;
  readonly certificate: X509Certificate;
  /** The public key, with the certificate in `x5c` (RFC 7517 §4.7). */
  readonly jwk: JsonWebKey & { x5c: string[] };
  /** RFC 8705 §3.1 */
  readonly thumbprint: string;
}

export interface IdentityOptions {
  /** RFC 4514, without escapes; default: a unique name. */
  readonly subject?: string;
  /** The issuer of the certificate, with an `ec` key; default: self-signed. */
  readonly by?: Identity;
  readonly ca?: boolean;
  /** Default: `ec` (P-256). */
  readonly key?: 'ec' | 'rsa';
  readonly names?: readonly { readonly type: 'dns' | 'email' | 'url' | 'ip'; readonly value: string }[];
  /** Object identifiers. */
  readonly usages?: readonly string[];
  /** In days from now. */
  readonly validDays?: readonly [from: number, to: number];
}

export async function makeIdentity(options: IdentityOptions = {}): Promise<Identity> {
  const { publicKey, privateKey } =
    options.key === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = options.key === 'rsa' ? RSA : ALGORITHM;
  const own = {
    public: await crypto.subtle.importKey('spki', publicKey.export({ type: 'spki', format: 'der' }), algorithm, true, [
      'verify',
    ]),
    private: await importPrivate(privateKey.export({ type: 'pkcs8', format: 'der' }), algorithm),
  };
  // RFC 4514 §2.1 starts with the last part of the name; the library keeps the given order.
  const subject = (options.subject ?? `CN=${randomBytes(6).toString('hex')}`).split(',').reverse().join(',');
  const signingKey = options.by
    ? await importPrivate(Buffer.from(options.by.keyPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'))
    : own.private;
  const [from, to] = options.validDays ?? [-1, 1];
  const made = await x509.X509CertificateGenerator.create(
    {
      serialNumber: `01${randomBytes(8).toString('hex')}`,
      subject,
      issuer: options.by ? new x509.X509Certificate(options.by.pem).subject : subject,
      notBefore: new Date(Date.now() + from * DAY_MS),
      notAfter: new Date(Date.now() + to * DAY_MS),
      publicKey: own.public,
      signingKey: signingKey,
      signingAlgorithm: options.by ? ALGORITHM : algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(options.ca ?? false, undefined, true),
        ...(options.usages ? [new x509.ExtendedKeyUsageExtension([...options.usages])] : []),
        ...(options.names ? [new x509.SubjectAlternativeNameExtension([...options.names])] : []),
      ],
    },
    crypto,
  );
  const certificate = new X509Certificate(Buffer.from(made.rawData));
  return {
    pem: certificate.toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate,
    jwk: { ...publicKey.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] },
    thumbprint: Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
  };
}

function importPrivate(pkcs8: Uint8Array<ArrayBuffer>, algorithm: typeof ALGORITHM | typeof RSA = ALGORITHM) {
  return crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
}

/**
 * Writes files into a folder that is removed with the scope.
 * @returns their paths
 */
export function writeFiles<Name extends string>(
  scope: Scope,
  files: Readonly<Record<Name, string>>,
): Record<Name, string> {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-test-certificates-'));
  defer(scope, () => rmSync(folder, { recursive: true, force: true }));
  const paths = (Object.entries(files) as [Name, string][]).map(([name, text]) => {
    const path = join(folder, `${name}.pem`);
    writeFileSync(path, text, { mode: 0o600 });
    return [name, path] as const;
  });
  return Object.fromEntries(paths) as Record<Name, string>;
}

/**
 * A `fetch` with a client certificate, a test certificate authority, or another local address, none of which Node's own
 * `fetch` supports.
 */
export function fetchWith(connection: {
  readonly identity?: Identity;
  readonly trusted?: Identity;
  readonly localAddress?: string;
}): (url: string | URL | Request, init?: RequestInit) => Promise<Response> {
  const { identity, trusted, localAddress } = connection;
  return async (url, init) => {
    const asked = new Request(url, init);
    const body = Buffer.from(await asked.arrayBuffer());
    const secure = asked.url.startsWith('https:');
    const options = {
      method: asked.method,
      agent: false,
      headers: {
        ...Object.fromEntries(asked.headers),
        connection: 'close',
        ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
      },
      ...(localAddress ? { localAddress, family: 4 } : {}),
      ...(identity ? { cert: identity.pem, key: identity.keyPem } : {}),
      ...(trusted ? { ca: trusted.pem } : {}),
    };
    return new Promise((done, failed) => {
      const sent = (secure ? httpsRequest : httpRequest)(asked.url, options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', failed);
        answer.on('end', () => {
          const headers = new Headers();
          for (const [name, values] of Object.entries(answer.headersDistinct))
            for (const value of values ?? []) headers.append(name, value);
          const status = answer.statusCode ?? 0;
          done(new Response(status === 204 ? null : Buffer.concat(chunks), { status, headers }));
        });
      });
      sent.on('error', failed);
      sent.end(body);
    });
  };
}
