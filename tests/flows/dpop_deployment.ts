import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';
import { type Deployment, deployment, type Party, type Person } from '../helpers/deployment.ts';
import { authorization, authorize, type TokenAnswer } from '../helpers/relying_party.ts';
import type { Scope } from '../helpers/scope.ts';
import { post } from './support.ts';

type Node = Pick<Deployment, 'issuer'>;

export const MACHINE = { grant_type: 'client_credentials' };
export const INVALID_PROOF = { status: 400, error: 'invalid_dpop_proof' };

export interface Key {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly thumbprint: string;
}

export async function makeKey(alg = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

export const now = () => Math.floor(Date.now() / 1_000);

/** A DPoP proof (RFC 9449 §4.2); an undefined claim or header is omitted. */
export function signProof(by: Key, claims: object, more: object = {}): Promise<string> {
  // JSON omits undefined members.
  const payload = { iat: now(), jti: randomUUID(), ...claims };
  const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: by.jwk, ...more };
  return new SignJWT(JSON.parse(JSON.stringify(payload)))
    .setProtectedHeader(header as JWTHeaderParameters)
    .sign(by.privateKey);
}

/** The hash of an access token in a proof for it (RFC 9449 §4.2). */
export const ath = (token: string) => createHash('sha256').update(token).digest('base64url');

/** Two nodes of an issuer, with a client that proves possession of a key. */
export interface DpopDeployment {
  readonly app: Deployment;
  /** Another node, started later, that requires a nonce in each proof. */
  readonly strict: Deployment;
  readonly person: Person;
  readonly party: Party;
  /** The address of the token endpoint, which proofs name. */
  readonly tokenUrl: string;
  readonly userinfoUrl: string;
  readonly key: Key;
  readonly otherKey: Key;
  /** A proof for the token endpoint; an undefined claim or header is omitted. */
  proof(
    claims?: Readonly<Record<string, string | number | undefined>>,
    options?: { by?: Key; header?: Readonly<Record<string, unknown>> },
  ): Promise<string>;
  /** Asks for tokens. */
  ask(fields: Record<string, string>, dpop: string | undefined, by?: Party, node?: Node): Promise<TokenAnswer>;
  /** The form that redeems a new code. */
  codeFor(by: Party, params?: Record<string, string>): Promise<Record<string, string>>;
  boundTokens(by?: Party): Promise<{ access: string; refresh: string }>;
  userinfo(
    headers: Record<string, string>,
    node?: Node,
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Headers; error: unknown }>;
  showTo(node: Node, access: string, dpop: string): ReturnType<DpopDeployment['userinfo']>;
}

export async function dpopDeployment(scope: Scope): Promise<DpopDeployment> {
  const app = await deployment(scope);
  const strict = await deployment(scope, {
    databaseUrl: app.databaseUrl,
    masterKey: app.masterKey,
    env: { CARDEA_ISSUER: app.issuer, CARDEA_DPOP_NONCE: 'required' },
  });
  const person = await app.seed.person();
  await app.seed.resourceServer({ identifier: 'https://api.example.com', name: 'API', scopes: ['read'] });
  const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access read' } });
  const tokenUrl = `${app.issuer}/token`;
  const [key, otherKey] = [await makeKey(), await makeKey()];
  // Signed in once for all codes.
  const { browser } = await authorize({ issuer: app.issuer, party, person });

  const own: DpopDeployment = {
    app,
    strict,
    person,
    party,
    tokenUrl,
    userinfoUrl: `${app.issuer}/userinfo`,
    key,
    otherKey,
    proof(claims = {}, options = {}) {
      const by = options.by ?? key;
      return signProof(by, { htm: 'POST', htu: tokenUrl, ...claims }, options.header);
    },
    ask(fields, dpop, by = party, node = app) {
      const identified = by.secret === undefined ? { client_id: by.id, ...fields } : fields;
      return post(node, '/token', identified, { ...authorization(by), ...(dpop === undefined ? {} : { dpop }) });
    },
    async codeFor(by, params = {}) {
      const { code, verifier } = await authorize({ issuer: app.issuer, party: by, person, params, browser });
      return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: by.redirectUri };
    },
    async boundTokens(by = party) {
      const { status, body } = await own.ask(await own.codeFor(by), await own.proof(), by);
      assert.equal(status, 200, JSON.stringify(body));
      return { access: body.access_token ?? '', refresh: body.refresh_token ?? '' };
    },
    async userinfo(headers, node = app) {
      const response = await fetch(new URL('/userinfo', node.issuer), { headers });
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, body, headers: response.headers, error: body.error };
    },
    showTo(node, access, dpop) {
      return own.userinfo({ authorization: `DPoP ${access}`, dpop }, node);
    },
  };
  return own;
}
