import { CIBA_GRANT } from '../../helpers/ciba.ts';
import { DEVICE_GRANT } from '../../helpers/device.ts';
import type { WireAnswer } from '../wire.ts';
import type { Draw } from './draw.ts';
import { authorizeForm, backchannelForm, type Form, nearlyRight } from './parameters.ts';
import { credentialField } from './shots.ts';
import { fromSomewhere, type Send, Visitor } from './visitor.ts';
import type { World } from './world.ts';

const SCOPE = 'openid profile email offline_access';

/** A client's parameters are stored until a person decides, so odd values in them must be found before that. */

/** RFC 8628: a device sends odd parameters, the person confirms, and the device gets its tokens or an error. */
export async function connectDevice(draw: Draw, world: World, send: Send): Promise<void> {
  const { response_mode: _, ...odd } = authorizeForm(draw, world, false);
  const asked = nearlyRight(draw, odd, { scope: SCOPE });
  const begun = await asSecret(draw, world, send, '/device_authorization', asked);
  if (begun.status !== 200) return;
  const { device_code = '', user_code = '' } = JSON.parse(begun.body) as Form;
  const visitor = new Visitor(draw, world, send, draw.chance(0.9));
  const typed = await visitor.press(await visitor.get('/device'), 'submit', { user_code });
  const confirmed = typed && (await visitor.press(typed, 'allow', { confirm: 'yes' }));
  if (confirmed) await visitor.press(await visitor.signIn(confirmed), 'allow', { action: 'allow' });
  await asSecret(draw, world, send, '/token', { grant_type: DEVICE_GRANT, device_code });
}

/** CIBA Core 1.0: an app requests approval, and the person decides on a page of the account. */
export async function askPerson(draw: Draw, world: World, send: Send): Promise<void> {
  const odd = backchannelForm(draw, world);
  const asked = nearlyRight(draw, odd, { scope: SCOPE, login_hint: world.person.email });
  const begun = await asSecret(draw, world, send, '/backchannel_authentication', asked);
  const visitor = new Visitor(draw, world, send, true);
  const button = draw.chance(0.7) ? 'approve' : 'deny';
  const page = await visitor.signIn(await visitor.get('/account/requests'));
  const pressed = await visitor.press(page, `${button}-0`, { action: button });
  if (pressed) await visitor.signIn(pressed);
  if (begun.status !== 200) return;
  const { auth_req_id = '' } = JSON.parse(begun.body) as Form;
  await asSecret(draw, world, send, '/token', { grant_type: CIBA_GRANT, auth_req_id });
}

/** RFC 9126: opens the pushed request, in a browser with or without a session. */
export async function followPushed(draw: Draw, world: World, send: Send): Promise<void> {
  const pushed = await asSecret(draw, world, send, '/par', request(draw, world));
  if (pushed.status !== 201) return;
  const { request_uri = '' } = JSON.parse(pushed.body) as Form;
  const visitor = new Visitor(draw, world, send, draw.chance(0.8));
  const query = new URLSearchParams({ client_id: world.secret.id, request_uri });
  const stop = await visitor.get(`/authorize?${query}`);
  if (stop.left === undefined) await visitor.press(await visitor.signIn(stop), 'allow', { action: 'allow' });
}

/** Submits the sign-in form with generated values, then with the right ones. */
export async function signInOddly(draw: Draw, world: World, send: Send): Promise<void> {
  const visitor = new Visitor(draw, world, send, false);
  const query = new URLSearchParams(request(draw, world));
  const page = await visitor.get(`/authorize?${query}`);
  const odd: Form = {
    identifier: draw.text(),
    password: draw.text(),
    action: draw.pick(['signin', 'passkey', 'cancel', 'code', 'allow', draw.text()]),
    code: draw.text(),
    recovery_code: draw.text(),
    ...credentialField(draw),
  };
  await visitor.press(page, 'submit', odd);
  await visitor.press(await visitor.signIn(page), 'allow', { action: 'allow' });
}

function request(draw: Draw, world: World): Form {
  return nearlyRight(draw, authorizeForm(draw, world, false), {
    client_id: world.secret.id,
    redirect_uri: world.secret.redirectUri,
    response_type: draw.chance(0.7) ? 'code' : draw.pick(['code id_token', 'id_token token', 'code id_token token']),
    scope: SCOPE,
    nonce: 'n',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
  });
}

function asSecret(draw: Draw, { secret }: World, send: Send, target: string, fields: Form): Promise<WireAnswer> {
  const authorization = `Basic ${Buffer.from(`${secret.id}:${secret.secret}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded', ...fromSomewhere(draw) };
  return send({ method: 'POST', target, headers, body: `${new URLSearchParams(fields)}` });
}
