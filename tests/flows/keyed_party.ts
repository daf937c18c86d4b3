import { randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import type { Deployment, Party } from '../helpers/deployment.ts';
import { remember } from '../helpers/secrets.ts';

/** A relying party with its own keys. */
export interface KeyedParty {
  readonly party: Party;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  /** A request object (RFC 9101); `undefined` drops a claim. */
  request(claims?: Readonly<Record<string, unknown>>, options?: SignOptions): Promise<string>;
  /** A client assertion for an endpoint (RFC 7523 §2.2). */
  assertion(claims?: Readonly<Record<string, unknown>>, options?: SignOptions): Promise<Record<string, string>>;
}

interface SignOptions {
  readonly alg?: string;
  readonly key?: CryptoKey;
}

type PartyInput = NonNullable<Parameters<Deployment['seed']['party']>[0]>;

/** @param alg of the signing key pair; another key pair is for encrypted responses */
export async function keyedParty(
  app: Pick<Deployment, 'issuer' | 'seed'>,
  input: PartyInput = {},
  alg = 'ES256',
  further: readonly object[] = [],
): Promise<KeyedParty> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'sig', use: 'sig' }, ...further] };
  const party = await app.seed.party({ ...input, metadata: { jwks, ...input.metadata } });
  const now = () => Math.floor(Date.now() / 1_000);
  const sign = (claims: Record<string, unknown>, options: SignOptions, typ: string) =>
    new SignJWT(claims as JWTPayload)
      .setProtectedHeader({ alg: options.alg ?? alg, kid: 'sig', typ })
      .sign(options.key ?? privateKey);
  return {
    party,
    alg,
    privateKey,
    request(claims = {}, options = {}) {
      const all = {
        iss: party.id,
        aud: app.issuer,
        client_id: party.id,
        nbf: now(),
        exp: now() + 60,
        redirect_uri: party.redirectUri,
        response_type: 'code',
        scope: 'openid email',
        ...claims,
      };
      return sign(defined(all), options, 'oauth-authz-req+jwt');
    },
    async assertion(claims = {}, options = {}) {
      const all = { iss: party.id, sub: party.id, aud: app.issuer, jti: randomUUID(), exp: now() + 60, ...claims };
      return {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: remember('other', await sign(defined(all), options, 'JWT')),
      };
    },
  };
}

function defined(claims: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
