import { AUTH_METHODS, ENCRYPTION_ALGS, ENCRYPTION_ENCS, SIGNING_ALGS } from '../../../server/clients/vocabulary.ts';
import { type Draw, spoil } from './draw.ts';
import { brokenJwt, type Key, keyOf, oddJwks, PURPOSES, signJwt } from './keys.ts';
import { SITE_PATHS, VOUCHER, type World } from './world.ts';

/** Client metadata (RFC 7591 §2): mostly right, with keys that may or may not fit. */
export function oddMetadata(draw: Draw, world: World): Record<string, unknown> {
  const maybe = (share: number, fields: () => Record<string, unknown>) => (draw.chance(share) ? fields() : {});
  const encrypted = (what: string) =>
    maybe(0.3, () => ({
      [`${what}_encrypted_response_alg`]: draw.pick(ENCRYPTION_ALGS),
      ...maybe(0.5, () => ({ [`${what}_encrypted_response_enc`]: draw.pick(ENCRYPTION_ENCS) })),
    }));
  if (draw.chance(0.25)) return oneKeyForOneThing(draw, world);
  const metadata = {
    redirect_uris: ['https://rp.example.com/callback'],
    client_name: draw.chance(0.8) ? 'An app' : draw.text(),
    grant_types: ['authorization_code', ...(draw.chance(0.8) ? ['refresh_token'] : [])],
    scope: 'openid profile email offline_access',
    token_endpoint_auth_method: draw.pick(Object.keys(AUTH_METHODS)),
    ...maybe(0.8, () => ({ jwks: draw.chance(0.5) ? goodJwks(world.keys) : oddJwks(draw, world.keys) })),
    ...maybe(0.1, () => ({ jwks: undefined, jwks_uri: world.site.origin + draw.pick(SITE_PATHS) })),
    ...maybe(0.3, () => ({ id_token_signed_response_alg: draw.pick(SIGNING_ALGS) })),
    ...maybe(0.3, () => ({ userinfo_signed_response_alg: draw.pick(SIGNING_ALGS) })),
    ...maybe(0.2, () => ({ authorization_signed_response_alg: draw.pick(SIGNING_ALGS) })),
    ...maybe(0.2, () => ({ request_object_signing_alg: draw.pick(SIGNING_ALGS) })),
    ...maybe(0.1, () => ({ token_endpoint_auth_signing_alg: draw.pick(SIGNING_ALGS) })),
    ...encrypted('id_token'),
    ...encrypted('userinfo'),
    ...encrypted('authorization'),
    ...maybe(0.1, () => ({ subject_type: 'pairwise' })),
    ...maybe(0.1, () => ({ default_max_age: draw.number() })),
    ...maybe(0.1, () => ({ require_auth_time: true })),
    ...maybe(0.05, () => ({ sector_identifier_uri: world.site.origin + draw.pick(SITE_PATHS) })),
    ...maybe(0.15, () => ({ software_statement: statement(draw, world) })),
    ...maybe(0.1, () => ({ contacts: draw.json(), tos_uri: draw.json() })),
  };
  return draw.chance(0.4) ? spoil(draw, metadata, 0.08) : metadata;
}

/** Valid metadata, with a key that may not fit. */
function oneKeyForOneThing(draw: Draw, { keys }: World): Record<string, unknown> {
  return {
    redirect_uris: ['https://rp.example.com/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: draw.pick(['none', 'client_secret_post']),
    jwks: { keys: [{ ...draw.pick(keys).jwk, kid: 'k', ...draw.pick(PURPOSES) }] },
    id_token_encrypted_response_alg: draw.pick(ENCRYPTION_ALGS),
  };
}

/** A software statement (RFC 7591 §2.3) by a trusted signer, with wrong values in it. */
function statement(draw: Draw, { keys, site }: World): unknown {
  if (draw.chance(0.2)) return draw.json();
  if (draw.chance(0.2)) return brokenJwt(draw);
  const claims = {
    iss: VOUCHER,
    iat: 1,
    software_id: 'x',
    client_name: 'Vouched',
    jwks: oddJwks(draw, keys),
    redirect_uris: draw.json(),
    scope: draw.json(),
    client_uri: site.origin,
    exp: draw.number(),
  };
  return signJwt('ES256', keyOf(keys, 'P-256'), { typ: draw.json() }, spoil(draw, claims, 0.3));
}

/** One key for each purpose that a client can use a key for. */
function goodJwks(keys: readonly Key[]): unknown {
  const of = (name: string) => keys.find((one) => one.name === name)?.jwk;
  return {
    keys: [
      { ...of('RSA'), kid: 'rs', use: 'sig' },
      { ...of('P-256'), kid: 'es', use: 'sig' },
      { ...of('Ed25519'), kid: 'ed', use: 'sig' },
      { ...of('RSA'), kid: 'rs-enc', use: 'enc' },
      { ...of('P-256'), kid: 'ec-enc', use: 'enc' },
    ],
  };
}
