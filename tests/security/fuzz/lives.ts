import { randomUUID } from 'node:crypto';
import { type Draw, spoil, toJson } from './draw.ts';
import type { Shot } from './exchange.ts';
import { signJwt } from './keys.ts';
import { oddMetadata } from './metadata.ts';
import { type Form, proof } from './parameters.ts';
import { fromSomewhere, type Send, Visitor } from './visitor.ts';
import { API, type World } from './world.ts';

const VERIFIER = 'v'.repeat(43);
const CHALLENGE = '7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM';

interface Registered {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly registration_access_token: string;
  readonly token_endpoint_auth_method: string;
}

/**
 * The whole life of a client: it registers with odd metadata and keys, gets a person's consent, redeems codes, sends
 * requests, refreshes, updates and deletes itself. Forbidden requests must get an error; nothing else may go wrong.
 */
export async function runClientLife(draw: Draw, world: World, send: Send): Promise<void> {
  const registered = await register(draw, world, send);
  if (!registered) return;
  const rounds = 1 + draw.int(2);
  for (let round = 0; round < rounds; round += 1) {
    const code = await consent(draw, world, send, registered);
    if (code !== undefined) await useCode(draw, world, send, { registered, code });
    await change(draw, world, send, registered);
  }
  await send(manage('DELETE', registered));
  await send(manage('GET', registered));
}

async function register(draw: Draw, world: World, send: Send): Promise<Registered | undefined> {
  const body = toJson(oddMetadata(draw, world));
  const headers = { 'content-type': 'application/json', ...fromSomewhere(draw) };
  const answer = await send({ method: 'POST', target: '/register', headers, body });
  return answer.status === 201 ? (JSON.parse(answer.body) as Registered) : undefined;
}

/** @returns a code, if the request was granted */
async function consent(draw: Draw, world: World, send: Send, client: Registered): Promise<string | undefined> {
  const visitor = new Visitor(draw, world, send, true);
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: 'https://rp.example.com/callback',
    response_type: 'code',
    scope: 'openid profile email offline_access',
    nonce: 'n',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...(draw.chance(0.3) ? { response_mode: draw.pick(['jwt', 'form_post', 'query.jwt']) } : {}),
    ...(draw.chance(0.2) ? { resource: API } : {}),
    ...(draw.chance(0.3)
      ? { claims: toJson({ id_token: { email: null, acr: spoil(draw, { values: ['a'] }, 0.3) } }) }
      : {}),
  });
  const asked = await visitor.get(`/authorize?${query}`);
  const action = draw.chance(0.9) ? 'allow' : draw.pick(['deny', draw.text()]);
  const { left } = (asked.left ? asked : await visitor.press(asked, 'allow', { action })) ?? asked;
  return left?.searchParams.get('code') ?? undefined;
}

async function useCode(
  draw: Draw,
  world: World,
  send: Send,
  { registered, code }: { registered: Registered; code: string },
): Promise<void> {
  const proved = draw.chance(0.3);
  const dpop = (method: string, target: string): Form => (proved ? { dpop: proof(draw, world, method, target) } : {});
  const ask = (target: string, fields: Form) => {
    const { form, headers } = asClient(draw, world, registered, fields);
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const all = { ...type, ...headers, ...dpop('POST', target), ...fromSomewhere(draw) };
    return send({ method: 'POST', target, headers: all, body: `${new URLSearchParams(form)}` });
  };
  const grant = { grant_type: 'authorization_code', redirect_uri: 'https://rp.example.com/callback' };
  const redeemed = await ask('/token', { ...grant, code, code_verifier: VERIFIER });
  if (redeemed.status !== 200) return;
  const { access_token, refresh_token, id_token } = JSON.parse(redeemed.body) as Record<string, string>;
  if (id_token !== undefined && id_token.split('.').length === 3) world.seen.add('id_token', id_token);
  const bearer = { authorization: `${proved ? 'DPoP' : 'Bearer'} ${access_token}`, ...dpop('GET', '/userinfo') };
  await send({ method: 'GET', target: '/userinfo', headers: { ...bearer, ...fromSomewhere(draw) }, body: '' });
  const wanted: Form = draw.chance(0.3) ? { accept: 'application/token-introspection+jwt' } : {};
  await ask('/introspect', { token: access_token ?? '', ...wanted });
  if (refresh_token !== undefined) await ask('/token', { grant_type: 'refresh_token', refresh_token });
  if (draw.chance(0.3)) await ask('/revoke', { token: refresh_token ?? access_token ?? '' });
}

/** Adds the client authentication that was registered, as far as its keys exist. */
function asClient(draw: Draw, world: World, client: Registered, fields: Form): { form: Form; headers: Form } {
  const { client_id, client_secret, token_endpoint_auth_method: method } = client;
  if (method === 'client_secret_post')
    return { form: { ...fields, client_id, client_secret: client_secret ?? '' }, headers: {} };
  if (method === 'private_key_jwt') {
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: client_id,
      sub: client_id,
      aud: world.app.issuer,
      jti: randomUUID(),
      exp: now + 60,
      iat: now,
    };
    const { key, alg } = draw.pick(world.keyed.keys);
    const kid = { RS256: 'rs', ES256: 'es', EdDSA: 'ed' }[alg];
    const client_assertion = signJwt(alg, key, { kid }, claims);
    const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    return { form: { ...fields, client_assertion_type, client_assertion }, headers: {} };
  }
  if (client_secret === undefined) return { form: { ...fields, client_id }, headers: {} };
  const credentials = Buffer.from(`${client_id}:${client_secret}`).toString('base64');
  return { form: fields, headers: { authorization: `Basic ${credentials}` } };
}

async function change(draw: Draw, world: World, send: Send, client: Registered): Promise<void> {
  const metadata = { ...oddMetadata(draw, world), client_id: client.client_id };
  await send({ ...manage('PUT', client), body: toJson(metadata) });
  if (draw.chance(0.3)) await send(manage('GET', client));
}

function manage(method: string, client: Registered): Shot {
  const authorization = `Bearer ${client.registration_access_token}`;
  const type: Form = method === 'PUT' ? { 'content-type': 'application/json' } : {};
  return { method, target: `/register/${client.client_id}`, headers: { authorization, ...type }, body: '' };
}
