import { concrete } from '../wire.ts';
import { type Draw, toJson } from './draw.ts';
import type { Shot } from './exchange.ts';
import { brokenJwt } from './keys.ts';
import { oddMetadata } from './metadata.ts';
import {
  authentication,
  authorizeForm,
  backchannelForm,
  claimsParameter,
  detailsParameter,
  type Form,
  proof,
  tokenForm,
} from './parameters.ts';
import { fromSomewhere } from './visitor.ts';
import type { World } from './world.ts';

const FORM_TYPE = 'application/x-www-form-urlencoded';

/** All names of form fields and query parameters. */
const NAMES =
  'csrf action identifier password new_password username name email locale code enrolment recovery_code passkey response challenge assertion trust_device session client request user_code confirm abort logout xsrf id_token_hint post_logout_redirect_uri state client_id ui_locales token time next done page before after __proto__ constructor a[b] a[]'.split(
    ' ',
  );

/** Bytes that are not UTF-8, and invalid percent-encodings. */
const RAW = ['%', '%zz', '%ff%fe', '%c0%80', '%ed%a0%80', '%00', '%u0041', '+', '%e2%80%ae'];

type Kind = (draw: Draw, world: World) => Shot;

/** The kinds of requests, with their relative frequency. */
const KINDS: readonly (readonly [weight: number, Kind])[] = [
  [5, (draw, world) => get(`/authorize?${encode(draw, authorizeForm(draw, world))}`, browserHeaders(draw, world))],
  [1, (draw, world) => post(draw, '/authorize', authorizeForm(draw, world), browserHeaders(draw, world))],
  [4, (draw, world) => authenticated(draw, world, '/token', tokenForm(draw, world))],
  [3, (draw, world) => authenticated(draw, world, '/par', authorizeForm(draw, world))],
  [2, (draw, world) => authenticated(draw, world, '/backchannel_authentication', backchannelForm(draw, world))],
  [2, (draw, world) => authenticated(draw, world, '/device_authorization', deviceForm(draw, world))],
  [2, (draw, world) => authenticated(draw, world, draw.pick(['/introspect', '/revoke']), introspectForm(draw, world))],
  [2, userinfo],
  [3, registration],
  [1, logout],
  [2, account],
  [1, deviceCode],
  [3, anyRoute],
];

const TICKETS = KINDS.flatMap(([weight, kind]) => Array.from({ length: weight }, () => kind));

export function drawShot(draw: Draw, world: World): Shot {
  return withOddHeaders(draw, draw.pick(TICKETS)(draw, world));
}

function get(target: string, headers: Form = {}): Shot {
  return { method: 'GET', target, headers, body: '' };
}

function post(draw: Draw, target: string, fields: Form, headers: Form = {}): Shot {
  return { method: 'POST', target, headers: { 'content-type': FORM_TYPE, ...headers }, body: encode(draw, fields) };
}

function authenticated(draw: Draw, world: World, target: string, fields: Form): Shot {
  const { fields: own, headers } = authentication(draw, world);
  const proved: Form = draw.chance(0.25) ? { dpop: proof(draw, world, 'POST', target) } : {};
  return post(draw, target, { ...fields, ...own }, { ...headers, ...proved });
}

function introspectForm(draw: Draw, { seen }: World): Form {
  const token = draw.chance(0.6) ? seen.one(draw, draw.pick(['access_token', 'refresh_token'])) : brokenJwt(draw);
  return { token, ...(draw.chance(0.3) ? { token_type_hint: draw.text() } : {}) };
}

function deviceForm(draw: Draw, world: World): Form {
  const { redirect_uri: _, response_type: __, ...rest } = authorizeForm(draw, world);
  return rest;
}

function userinfo(draw: Draw, world: World): Shot {
  const token = draw.chance(0.7) ? world.seen.one(draw, 'access_token') : brokenJwt(draw);
  const proved: Form = draw.chance(0.4) ? { dpop: proof(draw, world, 'GET', '/userinfo') } : {};
  return get('/userinfo', { authorization: `${draw.pick(['Bearer', 'DPoP'])} ${printable(token)}`, ...proved });
}

function registration(draw: Draw, world: World): Shot {
  const headers = { 'content-type': 'application/json' };
  const body = draw.chance(0.05) ? draw.text() : toJson(draw.chance(0.1) ? draw.json() : oddMetadata(draw, world));
  return { method: 'POST', target: '/register', headers, body };
}

function logout(draw: Draw, { seen, secret }: World): Shot {
  const fields: Form = {
    ...(draw.chance(0.6) ? { id_token_hint: draw.chance(0.6) ? seen.one(draw, 'id_token') : brokenJwt(draw) } : {}),
    ...(draw.chance(0.5) ? { client_id: draw.chance(0.7) ? secret.id : draw.text() } : {}),
    ...(draw.chance(0.5) ? { post_logout_redirect_uri: draw.chance(0.5) ? secret.redirectUri : draw.text() } : {}),
    ...(draw.chance(0.5) ? { state: draw.text(), ui_locales: draw.text() } : {}),
  };
  return draw.chance(0.8) ? get(`/logout?${encode(draw, fields)}`) : post(draw, '/logout', fields);
}

/** An account form from a browser with a session. Forms that would end the session are left out. */
function account(draw: Draw, world: World): Shot {
  const routes = world.routes.filter(({ path }) => path.startsWith('/account'));
  const route = draw.pick(routes);
  const target = concrete(route);
  const headers = browserHeaders(draw, world, 1);
  if (!route.methods.includes('POST') || draw.chance(0.3)) {
    return get(draw.chance(0.5) ? target : `${target}?${encode(draw, anyFields(draw))}`, headers);
  }
  const fields = { ...anyFields(draw), csrf: draw.chance(0.9) ? world.session.csrf : draw.text() };
  return post(draw, target, { ...fields, ...credentialField(draw) }, headers);
}

function deviceCode(draw: Draw, world: World): Shot {
  const fields = { user_code: world.seen.one(draw, 'user_code'), xsrf: draw.text(), ...anyFields(draw) };
  const headers = browserHeaders(draw, world);
  return draw.chance(0.5) ? get(`/device?${encode(draw, fields)}`, headers) : post(draw, '/device', fields, headers);
}

function anyRoute(draw: Draw, world: World): Shot {
  const route = draw.pick(world.routes);
  const target = concrete(route).replace('abc', () =>
    draw.chance(0.5) ? 'abc' : encodeURIComponent(wellFormed(draw.text())),
  );
  const method = draw.chance(0.9)
    ? draw.pick(route.methods)
    : draw.pick(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE']);
  const fields = { ...anyFields(draw), ...credentialField(draw) };
  if (method === 'GET' || method === 'HEAD') return { ...get(`${target}?${encode(draw, fields)}`), method };
  const type = draw.chance(0.8) ? FORM_TYPE : draw.pick(['application/json', 'text/plain', 'a/b', '']);
  const body = type === 'application/json' ? toJson(draw.json()) : encode(draw, fields);
  return { method, target, headers: type === '' ? {} : { 'content-type': type }, body };
}

function anyFields(draw: Draw): Form {
  return Object.fromEntries(Array.from({ length: draw.int(6) }, () => [draw.pick(NAMES), draw.text()]));
}

/** A browser's passkey response (WebAuthn Level 3 §5.1), with members of the wrong type. */
export function credentialField(draw: Draw): Form {
  if (draw.chance(0.6)) return {};
  const part = () => (draw.chance(0.4) ? draw.json() : Buffer.from(toJson(draw.json())).toString('base64url'));
  const response = {
    clientDataJSON: part(),
    attestationObject: part(),
    authenticatorData: part(),
    signature: part(),
    userHandle: part(),
    transports: draw.json(),
  };
  const credential = { id: part(), rawId: part(), type: 'public-key', response, clientExtensionResults: draw.json() };
  return { [draw.pick(['response', 'assertion', 'passkey'])]: toJson(draw.chance(0.8) ? credential : draw.json()) };
}

function browserHeaders(draw: Draw, { session: { browser } }: World, share = 0.4): Form {
  const accept: Form = draw.chance(0.8) ? { accept: 'text/html' } : {};
  if (!draw.chance(share)) return accept;
  return { ...accept, cookie: browser.signedCookies('cardea_session') };
}

/** A form, mostly in a valid encoding, with some repeated names. */
function encode(draw: Draw, fields: Form): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) => {
    const mutated = draw.chance(0.04) ? mutate(draw, value) : value;
    const raw = draw.chance(0.02) ? draw.pick(RAW) : '';
    const pair = `${encodeURIComponent(wellFormed(name))}=${raw}${encodeURIComponent(wellFormed(mutated))}`;
    return draw.chance(0.02) ? [pair, pair] : [pair];
  });
  return pairs.join('&').slice(0, 14_000);
}

function mutate(draw: Draw, value: string): string {
  const odd = [draw.text(), claimsParameter, detailsParameter];
  const one = draw.pick(odd);
  if (typeof one !== 'string') return one(draw);
  const at = draw.int(value.length + 1);
  return draw.chance(0.5) ? one : value.slice(0, at) + one + value.slice(at);
}

const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ['accept', '\u00ff'],
  ['accept-language', 'xx-'.repeat(50)],
  ['accept-language', '*;q=9e9'],
  ['authorization', 'Basic \u00ff'],
  ['cookie', 'cardea_session=%ff; cardea_session.sig=x; __proto__=1'],
  ['content-type', 'application/x-www-form-urlencoded; charset=\u00ff'],
  ['dpop', 'a.b.c'],
  ['if-none-match', '"'.repeat(99)],
  ['origin', 'null'],
  ['range', 'bytes=0-1e9'],
  ['user-agent', '\u00ff\u0001'.replace('\u0001', '')],
  ['x-forwarded-for', '10.0.0.1, \u00ff'],
  ['x-http-method-override', 'DELETE'],
];

/** Sends each request from one of many addresses, with headers that may make no sense. */
function withOddHeaders(draw: Draw, shot: Shot): Shot {
  const odd: Form = draw.chance(0.05) ? Object.fromEntries([draw.pick(ODD_HEADERS)]) : {};
  return { ...shot, headers: { ...fromSomewhere(draw), ...shot.headers, ...odd } };
}

/** `encodeURIComponent` accepts no lone surrogates; their bytes are in `RAW`. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

/** The characters that a header can contain. */
export function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '?');
}
