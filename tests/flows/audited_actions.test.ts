import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync } from 'node:fs';
import { after, test } from 'node:test';
import { FAILURES } from '../../server/accounts/attempts.ts';
import { ACTIONS, type Action } from '../../server/audit/actions.ts';
import { type AuditRow, detailsPlace, monthSecret, openAudit } from '../../server/audit/entries.ts';
import { OPEN_POLICY } from '../../server/clients/registration_policy.ts';
import { createRegistrations } from '../../server/clients/registrations.ts';
import { readSelfDescription } from '../../server/clients/self_registration.ts';
import { removalEntries } from '../../server/composition/registration.ts';
import { createSealer, openJson } from '../../server/platform/sealing.ts';
import { loadServerSecret } from '../../server/platform/server_secrets.ts';
import { isSignIn, openAccount, pathOf, press } from '../helpers/account.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { secretOn, softPasskey, totpCode } from '../helpers/authenticator.ts';
import { askPerson, cibaMetadata, decideRequest, fetchTokens } from '../helpers/ciba.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { createFactorSeeder, passkeyOptionsOn } from '../helpers/factors.ts';
import { attributeOf, fieldValue, has } from '../helpers/html.ts';
import { logoutListener } from '../helpers/logout_listener.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { register } from '../helpers/registration.ts';
import { authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';
import { askForMail, enqueue, useLink } from './mailed_links.ts';
import { begin, post, shown, signedIn, submit, submitPassword, tokensFor } from './support.ts';

/**
 * Each sensitive action is carried out by HTTP and looked at in the audit: who did what to whom, from where, in which session.
 * The operations of operators have their entries from the one runner (tests/operations).
 */
const scope = { after };
const clock = { ms: Date.now() };
const now = () => clock.ms;
const mail = await mailbox(scope);
const app = await deployment(scope, {
  now,
  env: { CARDEA_SMTP_URL: mail.url, CARDEA_SIGN_UP: 'true', CARDEA_REGISTRATION: 'open', CARDEA_RATE_LIMIT: '200' },
});
clock.ms = Date.now(); // when this file runs by itself, the template with its entries has been made meanwhile
const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
const factors = await createFactorSeeder(app, now);
const party = await app.seed.party({ name: 'Notes', metadata: { scope: 'openid profile email offline_access' } });
const own = await app.seed.party({ firstParty: true });
const rp = await logoutListener(scope);
const told = await app.seed.party({ firstParty: true, metadata: { backchannel_logout_uri: rp.uri } });
const tv = await app.seed.party({
  public: true,
  metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT, 'refresh_token'] },
});
const callCentre = await app.seed.party({ metadata: cibaMetadata() });
const PASSWORD = remember('password', 'A-Door-Of-My-Own-12');

/** The actions that this file has seen. Those of the start of the deployment are among them. */
const written = new Set<string>();
let last = '00000000-0000-0000-0000-000000000000';

/** The entries since the last call. */
async function entries(): Promise<AuditRow[]> {
  const rows = await app.db.run<AuditRow>({ text: 'SELECT * FROM audit WHERE id > $1 ORDER BY id' }, [last]);
  last = rows.at(-1)?.id ?? last;
  for (const { action } of rows) written.add(action);
  return rows;
}

/** Carries out an action. @returns its one entry */
async function audited(action: Action, run: () => Promise<unknown>): Promise<AuditRow> {
  await entries();
  await run();
  const all = await entries();
  const found = all.filter((one) => one.action === action);
  assert.equal(found.length, 1, `${action}: ${all.map((one) => one.action)}`);
  const [entry] = found;
  assert.ok(entry && /^\S{8,}$/.test(entry.request_id), `${action} has a request id`);
  const details = await detailsOf(entry);
  assert.match(details.address ?? '', /^(::ffff:)?127\.0\.0\.1$|^::1$/, action);
  assert.equal(typeof details.device, 'string', action);
  return entry;
}

async function detailsOf({ id, details_account: account, details_month: month, sealed_details: sealed }: AuditRow) {
  assert.ok(sealed);
  const key = account
    ? app.seed.accounts.sealerOf(await app.seed.accounts.resolve(account))
    : createSealer([await loadServerSecret(app.db, sealer, monthSecret(month ?? ''), now)]);
  return openJson(key, detailsPlace(id), sealed) as { address?: string; device?: string };
}

async function sessionsOf({ id }: Pick<Person, 'id'>): Promise<string[]> {
  const rows = await app.db.run<{ uid: string }>({ text: 'SELECT uid FROM sessions WHERE account_id = $1' }, [id]);
  return rows.map(({ uid }) => uid);
}

type Expected = Partial<Pick<AuditRow, 'outcome' | 'reason' | 'client_id' | 'session_id' | 'details_account'>>;

/** An entry of what the person did. @param target default: the person */
function isOf(entry: AuditRow, person: Pick<Person, 'id'>, more: Expected = {}, target = `user ${person.id}`): void {
  const { actor_kind: kind, actor_id: id, target_kind, target_id, outcome, details_account } = entry;
  assert.deepEqual(
    { actor: `${kind} ${id}`, target: `${target_kind} ${target_id}`, outcome, details_account },
    { actor: `person ${person.id}`, target, outcome: 'done', details_account: person.id, ...pick(more) },
    entry.action,
  );
  for (const [name, value] of Object.entries(more)) assert.deepEqual(entry[name as keyof Expected], value, name);
}
const pick = ({ outcome, details_account }: Expected) => ({
  ...(outcome === undefined ? {} : { outcome }),
  ...(details_account === undefined ? {} : { details_account }),
});

test('at the start the keys that the server makes are there', async () => {
  const made = (await entries()).filter(({ action }) => action === 'keys.change_state');
  assert.ok(made.length > 0);
  const kids = await app.db.run<{ kid: string }>({ text: 'SELECT kid FROM signing_keys' }, []);
  assert.deepEqual(new Set(made.map(({ target_id: id }) => id)), new Set(kids.map(({ kid }) => kid)));
  assert.ok(made.every(({ actor_kind: kind, outcome }) => kind === 'system' && outcome === 'done'));
});

test('a sign-in, with its session and app, and what the person allows in the same request', async () => {
  const person = await app.seed.person();
  const begun = await begin(app, party);
  const page = await submitPassword(begun.browser, begun.page, person);
  assert.equal(shown(page), 'consent');
  await entries();
  await submit(begun.browser, page, { action: 'allow' });
  const all = await entries();
  assert.deepEqual(all.map(({ action }) => action).sort(), ['apps.consent', 'sessions.begin']);
  assert.equal(new Set(all.map(({ request_id: id }) => id)).size, 1);
  const [session_id = ''] = await sessionsOf(person);
  const of = (action: Action) => all.find((one) => one.action === action) ?? assert.fail();
  isOf(of('sessions.begin'), person, { session_id, client_id: party.id });
  assert.deepEqual(of('sessions.begin').changes, { amr: { after: ['pwd'] }, new_browser: { after: true } });
  isOf(of('apps.consent'), person, { session_id, client_id: party.id }, `client ${party.id}`);
  assert.deepEqual(
    (of('apps.consent').changes as { scopes: { after: string[] } }).scopes.after.includes('email'),
    true,
  );
});

test('a right password before the second factor, and the recovery code that replaces it', async () => {
  const person = await app.seed.person();
  await factors.totp(person.id);
  const [code = ''] = await factors.recoveryCodes(person.id);
  const begun = await begin(app, own);
  let page = begun.page;
  const first = await audited('sessions.first_factor', async () => {
    page = await submitPassword(begun.browser, begun.page, person);
  });
  isOf(first, person, { client_id: own.id, session_id: null });
  isOf(
    await audited('recovery_codes.use', () => submit(begun.browser, page, { action: 'recovery', recovery_code: code })),
    person,
  );
});

test('failed sign-ins: why they failed, and never what was typed', async () => {
  const person = await app.seed.person();
  const disabled = await app.seed.person();
  await app.seed.accounts.disable(disabled.id);
  const typed = 'nobody.has.this@example.com';
  for (const [whom, password, reason, target] of [
    [typed, PASSWORD, 'unknown_account', ''],
    [person.email, 'wrong', 'wrong_password', person.id],
    [disabled.email, disabled.password, 'account_disabled', disabled.id],
  ] as const) {
    const begun = await begin(app, own);
    const failed = await audited('sessions.begin', () =>
      submitPassword(begun.browser, begun.page, { id: '', email: whom, password }),
    );
    const { actor_kind, actor_id, outcome, client_id, details_account, target_kind, target_id } = failed;
    assert.deepEqual(
      { actor_kind, actor_id, outcome, client_id, details_account, target_kind, target_id, reason: failed.reason },
      {
        actor_kind: 'person',
        actor_id: '',
        outcome: 'denied',
        client_id: own.id,
        details_account: null,
        target_kind: 'user',
        target_id: target,
        reason,
      },
    );
    assert.doesNotMatch(JSON.stringify(failed), /nobody\.has/);
  }
});

test('a lock in the statement of the wrong guess that led to it, and the guesses at a locked account', async () => {
  const person = await app.seed.person();
  const begun = await begin(app, own);
  const wrong = () => submitPassword(begun.browser, begun.page, { ...person, password: 'wrong' });
  for (let guesses = 1; guesses < FAILURES; guesses += 1) await wrong();
  const lock = await audited('lockouts.begin', wrong);
  assert.deepEqual(
    [lock.target_id, lock.outcome, lock.changes],
    [person.id, 'done', { factor: { after: 'password' } }],
  );
  const locked = await audited('sessions.begin', () => submitPassword(begun.browser, begun.page, person));
  assert.deepEqual([locked.outcome, locked.reason], ['denied', 'locked']);
  const { link } = await mail.next(person.email);
  isOf(await audited('lockouts.end', () => useLink(app, link)), person);
});

test('wrong codes and refused passkeys', async () => {
  const person = await app.seed.person();
  await factors.totp(person.id);
  const begun = await begin(app, own);
  const page = await submitPassword(begun.browser, begun.page, person);
  for (const [fields, reason] of [
    [{ action: 'code', code: '000000' }, 'wrong_code'],
    [{ action: 'recovery', recovery_code: '0000-0000-0000' }, 'wrong_recovery_code'],
    [{ action: 'passkey', assertion: '{}' }, 'passkey_refused'],
  ] as const) {
    const failed = await audited('sessions.begin', () => submit(begun.browser, page, fields));
    assert.deepEqual(
      [failed.outcome, failed.reason, failed.target_id, failed.details_account],
      ['denied', reason, person.id, person.id],
    );
  }
});

test('a passkey whose counter fell back is refused', async () => {
  const person = await app.seed.person();
  const made = softPasskey({ counter: 5 });
  await factors.passkey(person.id, made);
  for (const counter of [7, 2]) {
    const begun = await begin(app, own);
    made.counter = counter;
    const assertion = made.get(passkeyOptionsOn(begun.page), app.issuer);
    const run = () => submit(begun.browser, begun.page, { action: 'passkey', assertion });
    if (counter > 5) isOf(await audited('sessions.begin', run), person);
    else isOf(await audited('passkeys.refuse', run), person, { outcome: 'denied' });
  }
});

test('what a person changes at /account, in their session', async () => {
  const person = await app.seed.person({ emailVerified: false });
  const opened = await openAccount(app, person);
  assert.equal(isSignIn(opened.page), false);
  const { browser } = opened;
  const at = async (path: string) => browser.follow(await browser.get(`/account/${path}`));
  const [session_id = ''] = await sessionsOf(person);
  const isOwn = (entry: AuditRow, target?: string) => isOf(entry, person, { session_id }, target);

  const profile = await audited('profile.update', async () => {
    assert.equal(
      pathOf(await press(browser, await at('profile'), 'save', { nickname: 'Portia' })),
      '/account/profile?done=profile',
    );
  });
  isOwn(profile);
  assert.deepEqual(profile.changes, { nickname: {} }, 'the name of the field alone');
  isOwn(await audited('links.ask', async () => press(browser, await at('email'), 'verify')));
  const { link } = await mail.next(person.email);
  isOf(await audited('email.verify', () => useLink(app, link, {}, browser)), person);
  const asked = await audited('links.ask', async () =>
    press(browser, await at('email'), 'change', { email: 'portia.new@example.com' }),
  );
  assert.deepEqual(asked.changes, { purpose: { after: 'change_email' } });
  const change = await mail.next('portia.new@example.com');
  isOf(await audited('email.change', () => useLink(app, change.link, {}, browser)), person);

  isOwn(
    await audited('username.change', async () => press(browser, await at('username'), 'save', { username: 'portia' })),
  );

  // Another session, which is ended, and its browser, which is forgotten.
  const other = await signedIn(app, own, { ...person, email: 'portia.new@example.com' });
  assert.ok(other);
  const [theirs] = (await sessionsOf(person)).filter((uid) => uid !== session_id);
  isOwn(await audited('sessions.end', async () => press(browser, await at('sessions'), 'end-1')), `session ${theirs}`);
  const forgotten = await audited('devices.forget', async () => press(browser, await at('devices'), 'forget-1'));
  assert.equal(forgotten.target_kind, 'device');

  let enrolled = await at('authenticator');
  const code = () => totpCode(secretOn(enrolled), now());
  isOwn(await audited('totp.add', () => press(browser, enrolled, 'confirm', { code: code() })));
  const owner = { ...person, email: 'portia.new@example.com' };
  const again = async (path: string) => {
    const begun = await openAccount(app, owner, `/account/${path}`, browser);
    if (!has(begun.page, '#use-recovery-code')) return begun.page;
    clock.ms += 60_000;
    return submit(browser, begun.page, { action: 'code', code: totpCode(secret, now()) });
  };
  const secret = secretOn(enrolled);
  let page = await again('second-factor');
  isOf(await audited('recovery_codes.renew', () => press(browser, page, 'renew-codes')), person);
  page = await again('passkeys');
  const options = JSON.parse(attributeOf(page, '[data-passkey-options]', 'data-passkey-options') ?? '{}');
  const response = softPasskey().create(options, app.issuer);
  isOf(await audited('passkeys.add', () => press(browser, page, 'add-passkey', { name: 'Phone', response })), person);
  page = await again('passkeys');
  const passkey = `passkey ${fieldValue(page, 'passkey')}`;
  isOf(
    await audited('passkeys.rename', () => press(browser, page, 'rename-0', { name: 'Tablet' })),
    person,
    {},
    passkey,
  );
  isOf(
    await audited('passkeys.remove', async () => press(browser, await again('passkeys'), 'remove-0')),
    person,
    {},
    passkey,
  );
  enrolled = await again('second-factor');
  isOf(await audited('totp.remove', () => press(browser, enrolled, 'remove-totp')), person);
  page = await again('password');
  const changed = await audited('passwords.change', () => press(browser, page, 'change', { new_password: PASSWORD }));
  isOf(changed, person);
  assert.deepEqual(changed.changes, { sessions_ended: { after: 0 }, grants_ended: { after: 0 } });
});

test('a forgotten password, and a sign-up: the address is not in the audit', async () => {
  const person = await app.seed.person();
  await tokensFor(app, party, person);
  const asked = await audited('links.ask', () => askForMail(app, '/account/forgot', person.email));
  assert.deepEqual(
    [asked.actor_id, asked.target_id, asked.details_account, asked.changes],
    ['', '', null, { purpose: { after: 'reset_password' } }],
  );
  const reset = await mail.next(person.email);
  const done = await audited('passwords.reset', () => useLink(app, reset.link, { new_password: PASSWORD }));
  isOf(done, person);
  assert.deepEqual(done.changes, { sessions_ended: { after: 1 }, grants_ended: { after: 1 } });

  const email = 'grace.hopper@example.com';
  await askForMail(app, '/account/sign-up', email);
  const { link } = await mail.next(email);
  const signedUp = await audited('users.sign_up', () => useLink(app, link, { name: 'Grace', new_password: PASSWORD }));
  isOf(signedUp, (await app.seed.accounts.findByIdentifier(email)) ?? assert.fail());
  assert.doesNotMatch(JSON.stringify(await app.db.run({ text: 'SELECT * FROM audit' }, [])), /grace|hopper/i);
});

test('an invitation', async () => {
  const [account] = await app.seed.accounts.createAll([{ email: 'invited@example.com' }]);
  assert.ok(account);
  await enqueue(app, { kind: 'invitation', accountId: account.id }, now);
  const { link } = await mail.next(account.email);
  isOf(await audited('users.accept_invitation', () => useLink(app, link, { new_password: PASSWORD })), account);
});

test('tokens: a family, a replay, a revocation, and what an app is not allowed any more', async () => {
  const person = await app.seed.person();
  const granted = await authorize({ issuer: app.issuer, party, person });
  let refreshToken = '';
  const family = await audited('tokens.family', async () => {
    refreshToken = (await redeem(app.issuer, party, granted)).body.refresh_token ?? '';
  });
  const [session_id = ''] = await sessionsOf(person);
  const ofClient = (entry: AuditRow, outcome = 'done') =>
    assert.deepEqual(
      [entry.actor_kind, entry.actor_id, entry.target_id, entry.outcome, entry.details_account],
      ['client', party.id, person.id, outcome, person.id],
      entry.action,
    );
  ofClient(family);
  assert.equal(family.session_id, session_id);
  const { grant, grant_type } = family.changes as Record<string, { after: string }>;
  assert.equal(grant_type?.after, 'authorization_code');
  const replayed = await audited('tokens.replay', () => redeem(app.issuer, party, granted));
  ofClient(replayed, 'denied');
  assert.equal((replayed.changes as Record<string, { before: string }>).grant?.before, grant?.after);
  assert.equal((await refresh(app.issuer, party, refreshToken)).status, 400, 'the family has ended');

  const { tokens, browser } = await tokensFor(app, party, person, { browser: granted.browser });
  ofClient(
    await audited('tokens.revoke', () => post(app, '/revoke', { token: tokens.refresh_token ?? '' }, basic(party))),
  );
  const again = await tokensFor(app, party, person, { browser });
  assert.ok(again);
  const apps = await openAccount(app, person, '/account/apps', browser);
  const revoked = await audited('apps.revoke', () => press(browser, apps.page, 'revoke-0', { client: party.id }));
  isOf(revoked, person, {}, `client ${party.id}`);
});

test('of two requests that redeem a code at once, the one that came second is a replay', async () => {
  const person = await app.seed.person();
  const granted = await authorize({ issuer: app.issuer, party: own, person });
  await entries();
  await Promise.all([redeem(app.issuer, own, granted), redeem(app.issuer, own, granted)]);
  const actions = (await entries()).map(({ action }) => action);
  assert.deepEqual(actions.filter((one) => one.startsWith('tokens.')).sort(), ['tokens.family', 'tokens.replay']);
});

test('signing out of one app alone ends its tokens', async () => {
  const person = await app.seed.person();
  const { tokens, browser } = await tokensFor(app, own, person);
  const [session_id = ''] = await sessionsOf(person);
  const page = await browser.get(`/logout?client_id=${own.id}`);
  const left = await audited('apps.sign_out', () => submit(browser, page, {}));
  isOf(left, person, { session_id }, `client ${own.id}`);
  assert.match((left.changes as { grant: { before: string } }).grant.before, /^\S{16,}$/);
  assert.equal((await refresh(app.issuer, own, tokens.refresh_token ?? '')).status, 400);
});

test('the sessions of an account that cannot be used any more, when its pages are opened', async () => {
  const person = await app.seed.person();
  const browser = await signedIn(app, own, person);
  const [session_id] = await sessionsOf(person);
  // In SQL, because the operation ends the sessions itself.
  await app.db.run({ text: 'UPDATE accounts SET disabled_at = now() WHERE id = $1' }, [person.id]);
  const ended = await audited('users.end_sessions', () => browser.get('/account'));
  assert.deepEqual(
    [ended.actor_kind, ended.target_id, ended.session_id, ended.details_account, ended.changes],
    ['system', person.id, session_id, person.id, { because: { after: 'disabled' } }],
  );
  assert.deepEqual(await sessionsOf(person), []);
});

test('a sign-out', async () => {
  const person = await app.seed.person();
  const browser = await signedIn(app, own, person);
  const [uid = ''] = await sessionsOf(person);
  const page = await browser.get('/logout');
  const ended = await audited('sessions.end', () => submit(browser, page, { logout: 'yes' }));
  isOf(ended, person, { session_id: uid }, `session ${uid}`);
});

for (const [status, outcome, reason] of [
  [200, 'done', null],
  [400, 'refused', 'refused_by_app'],
] as const) {
  test(`a back-channel logout that an app answers with ${status}, in the statement that takes it from the queue`, async () => {
    rp.status = status;
    const person = await app.seed.person();
    const browser = await signedIn(app, told, person);
    const page = await browser.get('/logout');
    await entries();
    await submit(browser, page, { logout: 'yes' });
    await until('the app to be told', async () => (await queued()) === 0);
    const found = (await entries()).filter(({ action }) => action === 'logouts.send');
    assert.equal(found.length, 1);
    const [entry = assert.fail()] = found;
    assert.deepEqual(
      [entry.actor_kind, entry.actor_id, entry.target_kind, entry.target_id, entry.outcome, entry.reason],
      ['system', 'deliveries', 'client', told.id, outcome, reason],
    );
    assert.deepEqual(entry.changes, { user: { after: person.id }, attempts: { after: 1 } });
  });
}

async function queued(): Promise<number> {
  return (await app.db.run({ text: 'SELECT 1 FROM deliveries' }, [])).length;
}

test('a device that a person connects, or refuses to, and its tokens', async () => {
  const person = await app.seed.person();
  const browser = await signedIn(app, own, person);
  const asked = await askForCode(app.issuer, tv);
  const page = await typeCode(browser, asked.body.user_code);
  const consent = await decide(browser, page, 'confirm');
  const approved = await audited('requests.approve', () => submit(browser, consent, { action: 'allow' }));
  isOf(approved, person, {}, `client ${tv.id}`);
  const family = await audited('tokens.family', () => poll(app.issuer, tv, asked.body.device_code));
  assert.deepEqual([family.actor_id, family.target_id], [tv.id, person.id]);
  const denied = await askForCode(app.issuer, tv);
  const shownAgain = await typeCode(browser, denied.body.user_code);
  const refused = await audited('requests.deny', () => decide(browser, shownAgain, 'abort'));
  isOf(refused, person, {}, `client ${tv.id}`);
});

test('a backchannel request that a person approves or denies (CIBA)', async () => {
  const person = await app.seed.person();
  const ask = () => askPerson(app.issuer, callCentre, { login_hint: person.email });
  const asked = await ask();
  const approved = await audited('requests.approve', () => decideRequest(app, person, 'approve'));
  isOf(approved, person, {}, `client ${callCentre.id}`);
  const family = await audited('tokens.family', () => fetchTokens(app.issuer, callCentre, asked.body.auth_req_id));
  assert.equal(
    (family.changes as Record<string, { after: string }>).grant_type?.after,
    'urn:openid:params:grant-type:ciba',
  );
  await ask();
  isOf(await audited('requests.deny', () => decideRequest(app, person, 'deny')), person, {}, `client ${callCentre.id}`);
});

test('a client that registers itself, changes its metadata and leaves (RFC 7591, RFC 7592)', async () => {
  const body = { client_name: 'Agent', redirect_uris: ['https://agent.example.com/callback'] };
  let made: Awaited<ReturnType<typeof register>> | undefined;
  const registered = await audited('clients.register', async () => {
    made = await register(app, body);
  });
  const { client_id: id, registration_access_token: token } = made?.body ?? assert.fail();
  const isSelf = ({ actor_kind: kind, actor_id, target_id, outcome }: AuditRow) =>
    assert.deepEqual([kind, actor_id, target_id, outcome], ['client', id, id, 'done']);
  isSelf(registered);
  const path = `/register/${id}`;
  const change = { ...body, client_id: id, client_uri: 'https://agent.example.com/' };
  const changed = await audited('clients.update_own', () => register(app, change, { token, method: 'PUT', path }));
  isSelf(changed);
  assert.deepEqual((changed.changes as Record<string, object>).client_uri, { after: 'https://agent.example.com/' });
  isSelf(await audited('clients.delete_own', () => register(app, undefined, { token, method: 'DELETE', path })));
});

test('clients that are removed because they are not used, or there are too many', async () => {
  const registrations = createRegistrations({
    db: app.db,
    now,
    tellRemoved: removalEntries(await openAudit({ db: app.db, sealer, now, issuer: 'https://id.example.com' }))(
      'the request',
    ),
    originKey: randomBytes(32),
    kept: { address: 1, network: 100, host: 100, server: 100 },
    idleSeconds: 86_400,
  });
  const policy = OPEN_POLICY;
  const redirects = { redirect_uris: ['https://unused.example/cb'], token_endpoint_auth_method: 'none' };
  const description = readSelfDescription({ client_name: 'Unused', ...redirects }, policy);
  const make = async () => (await registrations.register({ description, policy, address: '192.0.2.7' })).client.id;
  const first = await make();
  await entries();
  const second = await make();
  await app.db.run({ text: 'UPDATE clients SET expires_at = $2 WHERE id = $1' }, [second, new Date(now() - 1)]);
  await registrations.removeIdle();
  const removed = (await entries()).filter(({ action }) => action === 'clients.remove_unused');
  assert.deepEqual(
    removed.map(({ actor_kind: kind, target_kind, target_id, outcome, changes }) => ({
      what: [kind, target_kind, target_id, outcome],
      because: (changes as { because: { after: string } }).because.after,
    })),
    [
      { what: ['system', 'client', first, 'done'], because: 'capacity' },
      { what: ['system', 'client', second, 'done'], because: 'idle' },
    ],
  );
});

/** Written by jobs, by the command line or at the start of a process; tests of those look at them. */
const ELSEWHERE: readonly Action[] = [
  'audit.export',
  'audit.remove_old',
  'dead_letters.drop',
  'dead_letters.drop_all',
  'dead_letters.retry',
  'dead_letters.retry_all',
  'destinations.create',
  'destinations.delete',
  'destinations.disable',
  'destinations.enable',
  'destinations.replay',
  'destinations.rotate_secret',
  'destinations.update',
  'texts.accept',
  'texts.withdraw',
  'users.read_pii',
];

test('every action of the catalogue is written: here, or as an operation by the runner', async () => {
  await entries();
  const operations = await operationNames();
  const unwritten = Object.keys(ACTIONS).filter(
    (one) => !written.has(one) && !operations.has(one) && !ELSEWHERE.includes(one as Action),
  );
  assert.deepEqual(unwritten, []);
});

/** The names of all operations that change something. */
async function operationNames(): Promise<Set<string>> {
  const files = globSync('server/operations/*.ts', { cwd: ROOT });
  const modules = await Promise.all(files.map((file) => import(new URL(file, `file://${ROOT}/`).href)));
  const values = modules
    .flatMap((one) => Object.values(one))
    .flatMap((one) => [one, ...(isObject(one) ? Object.values(one) : [])]);
  return new Set(
    values.flatMap((one) => (isObject(one) && 'schemas' in one && 'name' in one ? [String(one.name)] : [])),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function basic({ id, secret = '' }: { id: string; secret?: string | undefined }): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
}
