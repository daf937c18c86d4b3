import { CIBA_GRANT } from '../../helpers/ciba.ts';
import { DEVICE_GRANT } from '../../helpers/device.ts';
import { type Draw, spoil, toJson } from './draw.ts';
import { brokenJwt, signJwt } from './keys.ts';
import { API, EXCHANGE_GRANT, type Keyed, REDIRECT_URI, SITE_PATHS, type World } from './world.ts';

export type Form = Record<string, string>;

const seconds = () => Math.floor(Date.now() / 1_000);
/** Claims that the server reads appear more often. */
const CLAIMS = [
  'sub',
  'sub',
  'sub',
  'acr',
  'acr',
  'acr',
  'amr',
  'auth_time',
  'name',
  'email',
  'iss',
  'sid',
  'nonce',
  'groups',
  'address',
];

/** The `claims` parameter (OpenID Connect Core §5.5): a valid structure with wrong values. */
export function claimsParameter(draw: Draw): string {
  if (draw.chance(0.1)) return draw.text();
  const member = () => {
    const right = draw.pick([null, { essential: draw.chance(0.5) }, { value: 'x' }, { values: ['a', 'b'] }, {}]);
    if (draw.chance(0.8)) return right;
    return draw.pick([
      spoil(draw, { essential: true, value: 'x', values: ['a'] }, 0.6),
      { value: draw.json() },
      draw.json(),
      'x',
      7,
    ]);
  };
  const part = () =>
    Object.fromEntries([draw.pick(CLAIMS), draw.pick(CLAIMS), draw.text()].map((one) => [one, member()]));
  return toJson({
    ...(draw.chance(0.8) ? { id_token: draw.chance(0.9) ? part() : draw.json() } : {}),
    ...(draw.chance(0.5) ? { userinfo: draw.chance(0.9) ? part() : draw.json() } : {}),
  });
}

/** RFC 9396 */
export function detailsParameter(draw: Draw): string {
  const right = { type: 'payment', amount: '1', to: 'b', locations: [API], actions: ['x'], identifier: 'i' };
  const one = () => (draw.chance(0.3) ? draw.json() : spoil(draw, right, 0.3));
  return toJson(draw.chance(0.1) ? draw.json() : [one(), ...(draw.chance(0.3) ? [one()] : [])]);
}

/** A client's JWT with a valid signature and wrong values. */
function ownJwt(
  draw: Draw,
  { keys, party }: Keyed,
  issuer: string,
  claims: Record<string, unknown>,
  typ: string,
): string {
  if (draw.chance(0.1)) return brokenJwt(draw);
  const { key, alg, kid } = draw.pick(keys);
  const all = { iss: party.id, sub: party.id, aud: issuer, exp: seconds() + 60, ...claims };
  const header = draw.chance(0.2) ? spoil(draw, { kid, typ }, 0.4) : { kid, typ };
  return signJwt(alg, key, header, draw.chance(0.05) ? draw.json() : spoil(draw, all, 0.12));
}

/** RFC 9101, and CIBA Core 1.0 §7.1.1 */
export function requestObject(draw: Draw, world: World): string {
  const { keyed, app } = world;
  const dated = { iat: seconds(), nbf: seconds(), jti: `j${draw.int(1e9)}`, client_id: keyed.party.id };
  const details: unknown = draw.chance(0.5) ? JSON.parse('[{"type":"payment","amount":"1"}]') : draw.json();
  const { sub: _, ...rest } = { sub: 0, ...authorizeForm(draw, world, false) };
  return ownJwt(
    draw,
    keyed,
    app.issuer,
    { ...rest, ...dated, claims: draw.json(), authorization_details: details, max_age: draw.json() },
    'oauth-authz-req+jwt',
  );
}

/** @returns parameters of a valid or invalid client authentication, and the header for it */
export function authentication(draw: Draw, world: World): { fields: Form; headers: Form } {
  const { secret, keyed, open, app } = world;
  switch (draw.int(8)) {
    case 0:
      return { fields: { client_id: open.id }, headers: {} };
    case 1:
      return { fields: { client_id: secret.id, client_secret: draw.text() }, headers: {} };
    case 2:
      return {
        fields: {},
        headers: {
          authorization: draw.pick(['Basic', 'Bearer', 'DPoP', 'x']) + draw.pick(['', ' ', ' e30', ' Og==', ' /w==']),
        },
      };
    case 3:
    case 4: {
      const assertion = ownJwt(draw, keyed, app.issuer, { jti: `a${draw.int(1e9)}`, iat: seconds() }, 'JWT');
      const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
      return { fields: { client_assertion_type, client_assertion: assertion }, headers: {} };
    }
    default:
      return {
        fields: {},
        headers: { authorization: `Basic ${Buffer.from(`${secret.id}:${secret.secret}`).toString('base64')}` },
      };
  }
}

/** A DPoP proof (RFC 9449 §4.2) with a valid signature and wrong values. */
export function proof(draw: Draw, world: World, method: string, target: string): string {
  if (draw.chance(0.1)) return brokenJwt(draw);
  const { key, alg } = draw.pick(world.keyed.keys);
  const jwk = draw.chance(0.4) ? spoil(draw, key.jwk, 0.3) : key.jwk;
  const header = { typ: 'dpop+jwt', jwk: wrapped(draw, jwk) };
  const claims = { htm: method, htu: world.app.issuer + target, iat: seconds(), jti: `d${draw.int(1e9)}` };
  return signJwt(alg, key, draw.chance(0.2) ? spoil(draw, header, 0.3) : header, spoil(draw, claims, 0.08));
}

/** An array of one string passes for that string in code that does not check the type. */
function wrapped(draw: Draw, jwk: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!draw.chance(0.1)) return jwk;
  return Object.fromEntries(Object.entries(jwk).map(([name, value]) => [name, draw.chance(0.5) ? [value] : value]));
}

const RESPONSES = ['code', 'code id_token', 'id_token', 'id_token token', 'code token', 'none', 'token', 'code code'];
const MODES = ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'form_post.jwt', 'fragment.jwt', 'web_message'];

export function authorizeForm(draw: Draw, world: World, nested = true): Form {
  const { secret, open, keyed, seen } = world;
  const party = draw.pick([secret, open, keyed.party]);
  const maybe = (share: number, fields: () => Form): Form => (draw.chance(share) ? fields() : {});
  return {
    client_id: draw.chance(0.05) ? world.site.origin + draw.pick(SITE_PATHS) : party.id,
    redirect_uri: draw.chance(0.95)
      ? party.redirectUri
      : draw.pick([REDIRECT_URI, 'https://a@b@rp.example.com/callback']),
    response_type: draw.chance(0.7) ? 'code' : draw.pick(RESPONSES),
    scope: draw.chance(0.8) ? 'openid profile email offline_access' : `openid api:read ${draw.text()}`,
    ...maybe(0.9, () => ({
      code_challenge: 'a'.repeat(43),
      code_challenge_method: draw.chance(0.9) ? 'S256' : 'plain',
    })),
    ...maybe(0.7, () => ({ state: draw.text() })),
    ...maybe(0.7, () => ({ nonce: draw.text() })),
    ...maybe(0.3, () => ({
      prompt: draw.pick(['none', 'login', 'consent', 'select_account', 'login none', 'create']),
    })),
    ...maybe(0.2, () => ({ response_mode: draw.pick(MODES) })),
    ...maybe(0.2, () => ({ max_age: String(draw.number()) })),
    ...maybe(0.3, () => ({ claims: claimsParameter(draw) })),
    ...maybe(0.2, () => ({ authorization_details: detailsParameter(draw) })),
    ...maybe(0.2, () => ({ resource: draw.pick([API, 'urn:x', draw.text()]) })),
    ...maybe(0.1, () => ({ id_token_hint: draw.chance(0.5) ? seen.one(draw, 'id_token') : brokenJwt(draw) })),
    ...maybe(0.1, () => ({ acr_values: draw.text(), ui_locales: draw.text(), display: draw.text() })),
    ...maybe(0.1, () => ({ login_hint: draw.text() })),
    ...maybe(0.1, () => ({ dpop_jkt: draw.text() })),
    ...(nested ? maybe(0.1, () => ({ request: requestObject(draw, world), client_id: keyed.party.id })) : {}),
    ...(nested ? maybe(0.1, () => ({ request_uri: seen.one(draw, 'request_uri') })) : {}),
  };
}

/** Optional parameters of a request. */
const EXTRAS = [
  'acr_values',
  'authorization_details',
  'binding_message',
  'claims',
  'client_notification_token',
  'id_token_hint',
  'login_hint',
  'max_age',
  'nonce',
  'prompt',
  'requested_expiry',
  'resource',
  'response_mode',
  'state',
  'ui_locales',
];

/** A valid request with at most two odd values, which gets further than one in which everything is odd. */
export function nearlyRight(draw: Draw, odd: Form, right: Form): Form {
  const extras = Object.entries(odd).filter(([name]) => EXTRAS.includes(name));
  const some = Array.from({ length: Math.min(extras.length, draw.int(3)) }, () => draw.pick(extras));
  return { ...Object.fromEntries(some), ...right };
}

const TOKEN_TYPES = ['access_token', 'refresh_token', 'id_token', 'jwt', 'x'].map(
  (one) => `urn:ietf:params:oauth:token-type:${one}`,
);

export function tokenForm(draw: Draw, world: World): Form {
  const { seen } = world;
  const more: Form = draw.chance(0.3) ? { scope: draw.text(), resource: draw.text() } : {};
  switch (draw.int(6)) {
    case 0:
      return { grant_type: 'authorization_code', code: seen.one(draw, 'code'), redirect_uri: REDIRECT_URI, ...more };
    case 1:
      return { grant_type: 'refresh_token', refresh_token: seen.one(draw, 'refresh_token'), ...more };
    case 2:
      return { grant_type: DEVICE_GRANT, device_code: seen.one(draw, 'device_code') };
    case 3:
      return { grant_type: CIBA_GRANT, auth_req_id: seen.one(draw, 'auth_req_id') };
    case 4:
      return {
        grant_type: EXCHANGE_GRANT,
        subject_token: draw.chance(0.7) ? seen.one(draw, 'access_token') : brokenJwt(draw),
        subject_token_type: draw.pick(TOKEN_TYPES),
        ...(draw.chance(0.3) ? { actor_token: brokenJwt(draw), actor_token_type: draw.pick(TOKEN_TYPES) } : {}),
        ...(draw.chance(0.3) ? { audience: draw.text(), requested_token_type: draw.pick(TOKEN_TYPES) } : {}),
        ...more,
      };
    default:
      return {
        grant_type: 'client_credentials',
        ...(draw.chance(0.3) ? { scope: 'api:read', resource: API } : more),
        ...(draw.chance(0.2) ? { authorization_details: detailsParameter(draw) } : {}),
      };
  }
}

export function backchannelForm(draw: Draw, world: World): Form {
  if (draw.chance(0.2)) return { request: requestObject(draw, world) };
  return {
    scope: 'openid profile offline_access',
    login_hint: draw.chance(0.5) ? world.person.email : draw.text(),
    ...(draw.chance(0.3) ? { binding_message: draw.text() } : {}),
    ...(draw.chance(0.3) ? { requested_expiry: draw.chance(0.5) ? String(draw.number()) : draw.text() } : {}),
    ...(draw.chance(0.3) ? { client_notification_token: draw.text() } : {}),
    ...(draw.chance(0.3) ? { claims: claimsParameter(draw) } : {}),
    ...(draw.chance(0.2) ? { id_token_hint: world.seen.one(draw, 'id_token') } : {}),
    ...(draw.chance(0.2) ? { acr_values: draw.text(), authorization_details: detailsParameter(draw) } : {}),
  };
}
