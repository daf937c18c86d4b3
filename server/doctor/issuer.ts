import { lookup } from 'node:dns/promises';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { storedKid } from '../../keys/jwks.ts';
import { keys } from '../operations/keys.ts';
import { LIST_LIMIT_MAX } from '../platform/listing.ts';
import { reasonOf } from '../platform/outages.ts';
import { Broken, type Check, type DoctorParts, type Finding, ok, problem, skipped, warning } from './check.ts';
import { clockFinding } from './database.ts';

/* The issuer, as clients reach it. */

const UNREACHED: Readonly<Record<string, string>> = {
  ENOTFOUND: 'Correct CARDEA_ISSUER, or the name server.',
  EAI_AGAIN: 'See that the name server answers.',
  ECONNREFUSED: 'Start the proxy or the server.',
  ECONNRESET: 'See the log of the proxy.',
  EHOSTUNREACH: 'See the routes and the firewall.',
  ENETUNREACH: 'See the routes and the firewall.',
};

/**
 * @param remedy Default: that for the issuer
 * @throws Broken when it is not reached
 */
export async function ask(
  url: string,
  { signal }: Pick<DoctorParts, 'signal'>,
  init: Pick<RequestInit, 'method' | 'headers' | 'body'> = {},
  remedy?: string,
) {
  try {
    return await fetch(url, { redirect: 'manual', signal, ...init });
  } catch (error) {
    const reason = reasonOf((error as Error).cause ?? error);
    throw new Broken(
      `${url} cannot be reached (${reason})`,
      remedy ?? UNREACHED[reason] ?? `See the check "TLS", and the log of the proxy.`,
      { cause: error },
    );
  }
}

export const checkName: Check = async ({ config }) => {
  const { hostname } = config.issuer;
  const addresses = await lookup(hostname.replace(/^\[(.*)\]$/, '$1'), { all: true }).catch(() => []);
  if (addresses.length > 0)
    return ok(`${hostname} has the addresses ${addresses.map(({ address }) => address).join(', ')}`);
  return problem(`${hostname} has no address here`, 'Add it to the name server, or correct CARDEA_ISSUER.');
};

const DAYS_WARNING = 21;
const DAYS_ERROR = 3;
const DAY_MS = 86_400_000;

/** By code of OpenSSL: the remedy. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Renew it, and reload the proxy.',
  CERT_NOT_YET_VALID: 'Wait, or correct the clock of this machine.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Get one with the host of CARDEA_ISSUER among its names.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'Let the proxy send the intermediate certificates too (fullchain.pem).',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Get one of an authority that clients know, or name yours in NODE_EXTRA_CA_CERTS.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Get one of an authority that clients know, or name yours in NODE_EXTRA_CA_CERTS.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'Let the proxy send the intermediate certificates too, or name your authority in NODE_EXTRA_CA_CERTS.',
};

export const checkTls: Check = async ({ config: { issuer }, now, signal }) => {
  if (issuer.protocol !== 'https:') return skipped('the issuer is http, which is for this machine alone');
  const { socket, reason } = await handshake(issuer.hostname, Number(new URL(issuer.identifier).port || 443), signal);
  try {
    const findings = [certificateFinding(socket.getPeerCertificate(true), reason, now())];
    const protocol = socket.getProtocol() ?? 'none';
    if (!['TLSv1.2', 'TLSv1.3'].includes(protocol))
      findings.push(problem(`the proxy speaks ${protocol}`, 'Turn TLS 1.2 and 1.3 on, and older ones off (RFC 8996).'));
    if (protocol === 'TLSv1.2') findings.push(warning('the proxy speaks no TLS 1.3', 'Turn it on (RFC 9325 §3.1.1).'));
    return findings;
  } finally {
    socket.destroy();
  }
};

/** @param reason why it is not trusted; undefined when it is */
export function certificateFinding(
  certificate: Pick<DetailedPeerCertificate, 'valid_to' | 'issuer'>,
  reason: string | undefined,
  now: number,
): Finding {
  const days = Math.floor((Date.parse(certificate.valid_to) - now) / DAY_MS);
  const by = certificate.issuer.O ?? certificate.issuer.CN ?? 'an unknown authority';
  const found = `a certificate of ${by}, ${days < 0 ? `which expired ${-days} days ago` : `valid for ${days} days`}`;
  if (reason !== undefined) return problem(`${found}: ${reason}`, UNTRUSTED[reason] ?? 'Get one that clients trust.');
  const remedy = 'Renew it now, and see why that does not happen by itself.';
  if (days < DAYS_ERROR) return problem(found, remedy);
  return days < DAYS_WARNING ? warning(found, remedy) : ok(found);
}

function handshake(
  host: string,
  port: number,
  signal: AbortSignal,
): Promise<{ socket: TLSSocket; reason: string | undefined }> {
  return new Promise((done, failed) => {
    // Nothing is sent: an untrusted certificate is looked at too.
    const socket = connect({ host, port, servername: host, rejectUnauthorized: false, minVersion: 'TLSv1' }, () => {
      const { code } = (socket.authorizationError ?? {}) as { readonly code?: string };
      const reason = socket.authorized ? undefined : (code ?? String(socket.authorizationError));
      done({ socket, reason });
    });
    socket.once('error', (error) =>
      failed(
        new Broken(
          `${host}:${port} does not answer a TLS handshake (${reasonOf(error)})`,
          UNREACHED[reasonOf(error)] ?? 'See the log of the proxy.',
        ),
      ),
    );
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
  });
}

/** Header `Date` has whole seconds (RFC 9110 §6.6.1). */
const DATE_EXACT_MS = 1_000;

export const checkDiscovery: Check = async ({ config: { issuer }, now, signal }) => {
  const url = `${issuer.identifier}/.well-known/openid-configuration`;
  const before = now();
  const response = await ask(url, { signal });
  const after = now();
  if (response.status >= 300 && response.status < 400) {
    await response.body?.cancel();
    return problem(`${url} redirects`, 'Set CARDEA_ISSUER to the URL that answers: clients compare it exactly.');
  }
  const answer = await jsonOf(response);
  if (response.status !== 200 || answer?.issuer === undefined)
    return problem(
      `${url} answers ${response.status}, and no discovery document`,
      'Let the proxy pass all paths below the issuer on to Cardea.',
    );
  if (answer.issuer !== issuer.identifier)
    return problem(
      `${url} is of the issuer ${String(answer.issuer).slice(0, 200)}`,
      'Send the host to the servers of this database, or correct CARDEA_ISSUER.',
    );
  const date = Date.parse(response.headers.get('date') ?? '');
  return [
    ok(`${url} answers with this issuer`),
    ...(Number.isNaN(date) ? [] : [clockFinding('the issuer', date, { before, after, exactMs: DATE_EXACT_MS })]),
  ];
};

export const checkJwks: Check = async ({ config: { issuer }, stores, signal }) => {
  const { read } = await stores();
  const url = `${issuer.identifier}/.well-known/jwks.json`;
  const answer = await jsonOf(await ask(url, { signal }));
  if (!Array.isArray(answer?.keys))
    return problem(`${url} is no key set`, 'Let the proxy pass this path on to Cardea.');
  const published = new Set(answer.keys.map((key: { readonly kid?: unknown }) => storedKid(String(key.kid))));
  const { items } = await read(keys.list, { query: { limit: LIST_LIMIT_MAX } });
  const inState = (...states: string[]) =>
    items.filter(({ state = '' }) => states.includes(state)).map(({ kid = '' }) => kid);
  const missing = inState('active', 'retiring').filter((kid) => !published.has(kid));
  const known = new Set(inState('pending', 'active', 'retiring'));
  const foreign = [...published].filter((kid) => !known.has(kid));
  if (missing.length === 0 && foreign.length === 0) return ok(`${url} has the keys of the database`);
  return problem(
    `${url} lacks ${missing.length} keys of the database, and has ${foreign.length} others`,
    'See that no cache keeps it for longer than its Cache-Control says, and that the host leads to the servers of this database.',
  );
};

async function jsonOf(response: Response): Promise<Record<string, unknown> | undefined> {
  const value: unknown = await response.json().catch(() => undefined);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
