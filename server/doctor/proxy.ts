import { HEALTH_PATHS } from '../platform/issuer.ts';
import { PROBE_HEADER, probeToken, type Seen } from '../platform/probe.ts';
import { type Check, type DoctorParts, type Finding, ok, problem, skipped, warning } from './check.ts';
import { ask } from './issuer.ts';

/** An address for documentation (RFC 5737), as a client may claim it. */
export const CLAIMED = '203.0.113.77';
/** A certificate that no client has, as a client may claim it. */
export const CLAIMED_CERTIFICATE = ':c3Bvb2ZlZA==:';

/** Asks the issuer what arrived of a request that lies about its sender, as a client can. */
export const checkProxy: Check = async (parts) => {
  const { issuer, clientCertificates } = parts.config;
  const seen = await askProbe(parts, {
    'x-forwarded-for': CLAIMED,
    'x-forwarded-proto': 'http',
    forwarded: `for=${CLAIMED};proto=http`,
    ...(clientCertificates.header === undefined ? {} : { [clientCertificates.header]: CLAIMED_CERTIFICATE }),
  });
  if (!seen)
    return problem(
      'the server that answers does not know this probe',
      `Let the proxy pass ${HEALTH_PATHS.alive} and its request headers on; see that the host leads to these servers, with this master key.`,
    );
  return proxyFindings(seen, { secure: issuer.protocol === 'https:' });
};

/** @returns what the server tells the holder of its master key; undefined when something else answers */
export async function askProbe(
  { config: { issuer }, sealer, now, signal }: DoctorParts,
  headers: Readonly<Record<string, string>> = {},
): Promise<Seen | undefined> {
  const token = probeToken(await sealer(), issuer.identifier, now);
  const url = `${issuer.identifier}${HEALTH_PATHS.alive}`;
  const response = await ask(url, { signal }, { headers: { ...headers, [PROBE_HEADER]: token } });
  return ((await response.json().catch(() => ({}))) as { readonly seen?: Seen }).seen;
}

/** The findings about the way of the request. */
export function proxyFindings(seen: Seen, { secure }: { readonly secure: boolean }): Finding | readonly Finding[] {
  const { address, peer, trusted, forwardedFor } = seen;
  const findings: Finding[] = [];
  const passedProxy = forwardedFor !== CLAIMED || (secure && !seen.encrypted);
  if (address === CLAIMED) findings.push(claimed(forwardedFor === CLAIMED, passedProxy));
  if (!trusted && forwardedFor !== CLAIMED)
    findings.push(
      problem(
        `requests come from the proxy ${peer}, whose X-Forwarded-For is not believed: all clients count as one address`,
        `Add ${peer} to CARDEA_TRUSTED_PROXIES.`,
      ),
    );
  if (trusted && address === peer)
    findings.push(
      problem(
        `the proxy ${peer} does not tell the address of the client`,
        'Let it set X-Forwarded-For, as ops/proxies does: all clients count as one address.',
      ),
    );
  if (trusted && seen.certificate === CLAIMED_CERTIFICATE)
    findings.push(
      problem(
        'a client can claim any certificate: the proxy passes its header on',
        'Let the proxy set or remove CARDEA_CLIENT_CERTIFICATE_HEADER on every request, as ops/proxies does.',
      ),
    );
  if (!trusted && forwardedFor === CLAIMED && passedProxy)
    findings.push(
      warning(
        `TLS ends before ${peer}, which adds no X-Forwarded-For`,
        'Let the proxy that ends TLS set it, and add it to CARDEA_TRUSTED_PROXIES.',
      ),
    );
  if (findings.length > 0) return findings;
  return ok(
    trusted ? `the proxy ${peer} tells the address of clients, and they cannot choose it` : 'no proxy is in front',
  );
}

/**
 * The server takes the claimed address for that of the client.
 * @param alone it is all that X-Forwarded-For has: otherwise all senders that follow are trusted, and so is this machine
 */
function claimed(alone: boolean, passedProxy: boolean): Finding {
  if (alone && passedProxy)
    return problem(
      'a client can choose the address that limits count: the proxy passes X-Forwarded-For on as it was sent',
      'Let the outermost proxy replace X-Forwarded-For, as ops/proxies does.',
    );
  return warning(
    alone
      ? 'no proxy is between this machine and the server, and this machine is in CARDEA_TRUSTED_PROXIES'
      : 'this machine is in CARDEA_TRUSTED_PROXIES itself, so its requests do not show what clients can do',
    'Run this check on a machine that is no proxy.',
  );
}

export const checkTrusted: Check = async ({ config: { trustedProxies } }) => {
  const wide = trustedProxies.filter((range) => /\/([0-7])$/.test(range));
  if (wide.length > 0)
    return problem(
      `CARDEA_TRUSTED_PROXIES has ${wide.join(', ')}, which nearly everybody is in`,
      'List the addresses of your proxies: a client in the range can choose its address.',
    );
  return trustedProxies.length === 0 ? skipped('no proxy is trusted') : ok(`trusted: ${trustedProxies.join(', ')}`);
};
