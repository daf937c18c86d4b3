import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { addressTest } from './addresses.ts';
import type { Clock } from './clock.ts';
import { openJson, type Place, type Sealer, sealJson } from './sealing.ts';

/* By a probe, `cardea doctor` learns what a server sees of a request that came through the proxies in front of it, and how its jobs run. */

/** A request header. Its value is sealed under the master key, so that nobody else can make one. */
export const PROBE_HEADER = 'cardea-probe';

/** Properties of a request as the server saw them. */
export interface Seen {
  /** The address that limits count, as the settings make it out. */
  readonly address: string;
  /** Who has opened the connection. */
  readonly peer: string;
  /** The peer is in CARDEA_TRUSTED_PROXIES. */
  readonly trusted: boolean;
  readonly forwardedFor: string | null;
  readonly forwardedProto: string | null;
  readonly forwarded: string | null;
  readonly host: string | null;
  /** CARDEA_CLIENT_CERTIFICATE_HEADER, as it arrived. */
  readonly certificate: string | null;
  readonly encrypted: boolean;
  /** Background jobs of this server. Servers of an earlier version tell none. */
  readonly jobs?: readonly SeenJob[];
}

export interface SeenJob {
  readonly name: string;
  /** Since it last succeeded, or since the server started. */
  readonly seconds: number;
  readonly failed: number;
  readonly isLate: boolean;
}

export interface Probe {
  /** A request of `cardea doctor`, whose headers say nothing about a proxy. */
  isProbe(headers: IncomingHttpHeaders): boolean;
  /** @returns what was seen of a request with a valid token; undefined for all others, which learn nothing */
  look(request: Pick<FastifyRequest, 'headers' | 'ip' | 'socket'>): Seen | undefined;
}

const PLACE: Place = { table: 'probe', column: 'token', row: 'doctor' };
const VALID_MS = 60_000;
/** Longer than any token. */
const TOKEN_MAX = 256;

export function probeToken(sealer: Sealer, issuer: string, now: Clock): string {
  return sealJson(sealer, PLACE, { issuer, at: now() }).toString('base64url');
}

/** @param parts `certificateHeader`: in lower case */
export function createProbe(parts: {
  readonly sealer: Sealer;
  readonly issuer: string;
  readonly now: Clock;
  readonly trustedProxies: readonly string[];
  readonly certificateHeader: string | undefined;
  jobs(): readonly SeenJob[];
}): Probe {
  const { sealer, issuer, now, certificateHeader, jobs } = parts;
  const isTrusted = addressTest(parts.trustedProxies);

  function isValid(token: string): boolean {
    try {
      const told = openJson(sealer, PLACE, Buffer.from(token, 'base64url')) as { issuer?: unknown; at?: unknown };
      return told.issuer === issuer && typeof told.at === 'number' && Math.abs(now() - told.at) <= VALID_MS;
    } catch {
      return false;
    }
  }

  function isProbe(headers: IncomingHttpHeaders): boolean {
    const token = headers[PROBE_HEADER];
    return typeof token === 'string' && token.length <= TOKEN_MAX && isValid(token);
  }

  function look({ headers, ip, socket }: Parameters<Probe['look']>[0]): Seen | undefined {
    if (!isProbe(headers)) return undefined;
    const sent = (name: string) => [headers[name] ?? []].flat().join(', ') || null;
    return {
      address: ip,
      peer: socket.remoteAddress ?? '',
      trusted: isTrusted(socket.remoteAddress),
      forwardedFor: sent('x-forwarded-for'),
      forwardedProto: sent('x-forwarded-proto'),
      forwarded: sent('forwarded'),
      host: sent('host'),
      certificate: certificateHeader === undefined ? null : sent(certificateHeader),
      encrypted: 'encrypted' in socket,
      jobs: jobs(),
    };
  }

  return { isProbe, look };
}
