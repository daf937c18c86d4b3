import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import passport from 'passport';
import OpenIDConnectStrategy from 'passport-openidconnect';
import { passportApp } from './passport_openidconnect.ts';
import { setUp } from './setting.ts';
import { CLIENTS } from './table.ts';

type Done = OpenIDConnectStrategy.VerifyCallback;

const setting = await setUp({ after });
const { origin, clientId } = await setting.serve(CLIENTS.passport, passportApp);
const commands = CLIENTS.passport.commands.map((command) => command.replace(' --pkce off', ''));
const strict = await setting.register({ commands }, origin);

test('passport-openidconnect signs in, and signs out of the app', async () => {
  const visitor = setting.visitor();
  const page = await visitor.open(`${origin}/login`);
  assert.equal(page.url, `${origin}/`);
  const { id, email } = setting.person;
  assert.deepEqual(JSON.parse(page.body), { id, displayName: 'Ada Lovelace', emails: [{ value: email }] });
  assert.equal((await visitor.send(`${origin}/logout`, {})).body, 'null');
});

test('without --pkce off the app is told what to switch on, since it sends neither a challenge nor a nonce', async () => {
  const { browser } = setting.visitor();
  const asked = new URL((await browser.get(`${origin}/login`)).location ?? '');
  assert.equal(asked.searchParams.get('client_id'), clientId);
  asked.searchParams.set('client_id', strict.clientId);
  const callback = new URL((await browser.follow(await browser.get(asked.href))).location ?? '');
  assert.equal(callback.searchParams.get('error'), 'invalid_request');
  const description = callback.searchParams.get('error_description') ?? '';
  for (const word of ['PKCE', 'nonce', '--pkce off']) assert.ok(description.includes(word), description);
});

test('with its option for a nonce it needs no --pkce off', async () => {
  const { issuer } = strict;
  const options = {
    issuer,
    authorizationURL: `${issuer}/authorize`,
    tokenURL: `${issuer}/token`,
    userInfoURL: `${issuer}/userinfo`,
    clientID: strict.clientId,
    clientSecret: strict.clientSecret,
    callbackURL: `${origin}/cb`,
    nonce: 'true',
  };
  const strategy = new OpenIDConnectStrategy(options, (_issuer: string, { id }: { id: string }, done: Done) =>
    done(null, { id }),
  );
  // By its name it takes the place of the one without a nonce.
  passport.use(strategy);
  const page = await setting.visitor().open(`${origin}/login`);
  assert.deepEqual(JSON.parse(page.body), { id: setting.person.id });
});
