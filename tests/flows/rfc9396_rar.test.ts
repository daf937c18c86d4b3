import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { checkDetailsTypes } from '../../server/clients/authorization_details.ts';
import { press } from '../helpers/account.ts';
import { askPerson, CIBA_GRANT, cibaMetadata, openRequests } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { documentOf } from '../helpers/html.ts';
import { authorization, authorize, introspect, token } from '../helpers/relying_party.ts';
import { begin, callbackOf, idTokenOf, type Params, post, refusal, shown, submit, submitPassword } from './support.ts';

/** RFC 9396, OAuth 2.0 Rich Authorization Requests, by section. */
const BANK = 'https://bank.example.com';
const VAULT = 'https://vault.example.com';
const TYPES = {
  payment: {
    resources: [BANK],
    schema: {
      properties: {
        amount: { type: 'object', properties: { value: { type: 'string' }, currency: { enum: ['EUR', 'CHF'] } } },
        to: { type: 'string', maxLength: 100 },
        note: { type: 'string' },
      },
      required: ['amount', 'to'],
    },
    consent: {
      en: 'Pay {amount.value} {amount.currency} to {to}',
      de: 'An {to} {amount.value} {amount.currency} zahlen',
    },
  },
  box: {
    schema: {
      properties: {
        locations: { type: 'array', items: { type: 'string' } },
        actions: { type: 'array', items: { enum: ['open', 'shut'] } },
      },
    },
    consent: { en: 'Handle a box' },
  },
};
const folder = mkdtempSync(join(tmpdir(), 'cardea-rar-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'types.json');
writeFileSync(file, JSON.stringify(TYPES));

const app = await deployment({ after }, { env: { CARDEA_AUTHORIZATION_DETAILS_TYPES: file } });
await app.seed.resourceServer({ identifier: BANK, name: 'Bank', scopes: ['bank'] });
await app.seed.resourceServer({ identifier: VAULT, name: 'Vault', scopes: ['vault'] });
const ada = await app.seed.person();
const scope = 'openid offline_access bank vault';
const party = await app.seed.party({ metadata: { scope, authorization_details_types: ['payment', 'box'] } });
const PAYMENT = { type: 'payment', amount: { value: '12.50', currency: 'EUR' }, to: 'Rose Garden' };
const OPEN = { type: 'box', locations: [VAULT], actions: ['open'] };
const INVALID = 'invalid_authorization_details';
const { browser } = await authorize({ issuer: app.issuer, party, person: ada, params: { scope: 'openid bank' } });
await authorize({ issuer: app.issuer, party, person: ada, params: { scope: 'openid vault' }, browser });

/** An authorization request of a person with a session who has consented to everything else before. */
function ask(details: unknown, params: Params = {}, client = party) {
  const authorization_details = typeof details === 'string' ? details : JSON.stringify(details);
  const asked = { resource: BANK, scope: 'openid bank', authorization_details, ...params };
  return begin(app, client, asked, browser);
}

async function allowed(details: unknown, params: Params = {}) {
  const asked = await ask(details, params);
  assert.equal(shown(asked.page), 'consent', asked.page.location);
  const page = await submit(browser, asked.page, { action: 'allow' });
  const { code = '' } = callbackOf(page);
  return { code, verifier: asked.verifier };
}

function redeem(granted: { code: string; verifier: string }, more: Record<string, string> = {}) {
  return token(app.issuer, party, {
    grant_type: 'authorization_code',
    code: granted.code,
    redirect_uri: party.redirectUri,
    code_verifier: granted.verifier,
    resource: BANK,
    ...more,
  });
}

const refresh = (refresh_token: unknown, more: Record<string, string> = {}) =>
  token(app.issuer, party, { grant_type: 'refresh_token', refresh_token: String(refresh_token), ...more });

describe('§2, §5: the request', () => {
  for (const [why, details] of [
    ['no JSON', '{'],
    ['no list', PAYMENT],
    ['no type', [{ to: 'Rose Garden' }]],
    ['an unknown type', [{ type: 'loan' }]],
    ['a type that is a name of the language', [{ type: '__proto__' }]],
    ['an unknown field', [{ ...PAYMENT, urgent: true }]],
    ['an unknown field inside', [{ ...PAYMENT, amount: { ...PAYMENT.amount, fee: '1' } }]],
    ['a field of the wrong type', [{ ...PAYMENT, to: 7 }]],
    ['a value that is not allowed', [{ ...PAYMENT, amount: { value: '1', currency: 'DM' } }]],
    ['a missing field', [{ type: 'payment', to: 'x' }]],
    ['a good one beside a bad one', [PAYMENT, { type: 'payment' }]],
    ['too much', [{ ...PAYMENT, note: 'x'.repeat(5_000) }]],
  ] as const) {
    test(`${why} is ${INVALID}`, async () => {
      assert.equal(callbackOf((await ask(details)).page).error, INVALID);
    });
  }

  test('a type that the client is not registered for is refused (§10)', async () => {
    const other = await app.seed.party({ metadata: { scope, authorization_details_types: ['box'] } });
    assert.equal(callbackOf((await ask([PAYMENT], {}, other)).page).error, INVALID);
    const none = await app.seed.party({ metadata: { scope } });
    assert.equal(callbackOf((await ask([OPEN], {}, none)).page).error, INVALID);
  });

  test('discovery names the types (§10)', async () => {
    const response = await fetch(`${app.issuer}/.well-known/oauth-authorization-server`);
    const { authorization_details_types_supported } = (await response.json()) as Record<string, unknown>;
    assert.deepEqual(authorization_details_types_supported, ['payment', 'box']);
  });
});

describe('§3, §4: consent', () => {
  test('each detail is shown with its own sentence, and with members that the sentence does not contain', async () => {
    const { page } = await ask([{ ...PAYMENT, note: 'for tulips' }, OPEN]);
    const text = page.body.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ');
    assert.match(text, /Pay 12\.50 EUR to Rose Garden note: for tulips/);
    assert.match(text, /Handle a box locations: https:\/\/vault\.example\.com actions: open/);
  });

  test('in the person’s language, when there is a sentence in it', async () => {
    const { page } = await ask([PAYMENT, OPEN], { ui_locales: 'de' });
    const text = page.body.replace(/<[^>]*>/g, '');
    assert.match(text, /An Rose Garden 12\.50 EUR zahlen/);
    assert.match(text, /Handle a box/);
  });

  test('values are shown as text', async () => {
    const to = '<b id="evil">x</b>{amount.value}\u202Eesrever\u0007';
    const { page } = await ask([{ ...PAYMENT, to }]);
    for (const raw of ['<b id="evil">', '\u202E', '\u0007']) assert.equal(page.body.includes(raw), false);
    assert.match(page.body, /&lt;b id=&quot;evil&quot;&gt;x&lt;\/b&gt;\{amount\.value\}\uFFFDesrever\uFFFD/);
  });

  test('a person is asked each time, also by a first-party app, and may refuse', async () => {
    await allowed([PAYMENT]);
    assert.equal(shown((await ask([PAYMENT])).page), 'consent');
    const own = await app.seed.party({
      firstParty: true,
      metadata: { scope, authorization_details_types: ['payment'] },
    });
    const asked = await ask([PAYMENT], {}, own);
    assert.equal(shown(asked.page), 'consent');
    const page = await submit(browser, asked.page, { action: 'deny' });
    assert.equal(callbackOf(page).error, 'access_denied');
    assert.equal(callbackOf((await ask([PAYMENT], { prompt: 'none' })).page).error, 'consent_required');
  });

  test('details in the consent form are ignored', async () => {
    const asked = await ask([PAYMENT]);
    const forged = JSON.stringify([{ ...PAYMENT, to: 'Mallory' }]);
    const page = await submit(browser, asked.page, { action: 'allow', details: forged, authorization_details: forged });
    const { body } = await redeem({ code: callbackOf(page).code ?? '', verifier: asked.verifier });
    assert.deepEqual(body.authorization_details, [PAYMENT]);
  });
});

describe('§6, §7, §9: tokens', () => {
  test('contain the consented details, and so do the token response and introspection', async () => {
    const { body } = await redeem(await allowed([PAYMENT]));
    assert.deepEqual(body.authorization_details, [PAYMENT]);
    assert.deepEqual(decodeJwt(body.access_token ?? '').authorization_details, [PAYMENT]);
    const known = await introspect(app.issuer, party, body.access_token ?? '');
    assert.deepEqual([known.active, known.authorization_details], [true, [PAYMENT]]);
    assert.equal('authorization_details' in idTokenOf(body), false);
  });

  test('each resource server gets the details that are for it (§2.2)', async () => {
    const { body } = await redeem(await allowed([PAYMENT, OPEN]));
    assert.deepEqual(body.authorization_details, [PAYMENT], 'the bank does not get the details of the vault');
    const granted = await allowed([PAYMENT, OPEN], { resource: VAULT, scope: 'openid vault' });
    const vault = await redeem(granted, { resource: VAULT });
    assert.deepEqual(vault.body.authorization_details, [OPEN], 'nor does the vault get those of the payment');
  });

  test('a token may have fewer details, never others (§6.1)', async () => {
    const shut = { type: 'box', actions: ['shut'] };
    const granted = await allowed([PAYMENT, shut]);
    const one = await redeem(granted, { authorization_details: JSON.stringify([shut]) });
    assert.deepEqual(one.body.authorization_details, [shut]);
    const dearer = { ...PAYMENT, amount: { value: '99.00', currency: 'EUR' } };
    const refused = await redeem(await allowed([PAYMENT]), { authorization_details: JSON.stringify([dearer]) });
    assert.deepEqual(refusal(refused), { status: 400, error: INVALID });
  });

  test('a refresh keeps them', async () => {
    const params = { scope: 'openid offline_access bank', prompt: 'consent' };
    const { body } = await redeem(await allowed([PAYMENT], params));
    const next = await refresh(body.refresh_token, { resource: BANK });
    assert.deepEqual(next.body.authorization_details, [PAYMENT]);
    const again = await refresh(next.body.refresh_token);
    assert.deepEqual(again.body.authorization_details, [PAYMENT], 'also when the resource is not named again');
  });

  test('a later request without details gets none, and one with others only those', async () => {
    await allowed([PAYMENT]);
    const plain = await begin(app, party, { resource: BANK, scope: 'openid bank' }, browser);
    const { body } = await redeem({ code: callbackOf(plain.page).code ?? '', verifier: plain.verifier });
    assert.equal(body.authorization_details, undefined);
    const other = { ...PAYMENT, to: 'Somebody else' };
    const second = await redeem(await allowed([other]));
    assert.deepEqual(second.body.authorization_details, [other]);
  });

  test('a client without a person gets none: there is no consent', async () => {
    const fields = { grant_type: 'client_credentials', resource: BANK, scope: 'bank' };
    const details = { authorization_details: JSON.stringify([PAYMENT]) };
    assert.deepEqual(refusal(await token(app.issuer, party, { ...fields, ...details })), {
      status: 400,
      error: INVALID,
    });
  });

  test('they can be pushed (RFC 9126), and are refused there in the same way', async () => {
    const push = (details: unknown) => {
      const fields = {
        client_id: party.id,
        redirect_uri: party.redirectUri,
        response_type: 'code',
        scope: 'openid bank',
        resource: BANK,
        code_challenge: 'x'.repeat(43),
        code_challenge_method: 'S256',
        authorization_details: JSON.stringify(details),
      };
      return post(app, '/par', fields, authorization(party));
    };
    assert.equal((await push([{ type: 'loan' }])).body.error, INVALID);
    const { body, status } = await push([PAYMENT]);
    assert.equal(status, 201, JSON.stringify(body));
    const url = new URL('/authorize', app.issuer);
    url.search = new URLSearchParams({ client_id: party.id, request_uri: String(body.request_uri) }).toString();
    const page = await browser.follow(await browser.get(url.href));
    assert.match(page.body, /Rose Garden/);
  });

  test('a person who signs in during the request is asked as well', async () => {
    const asked = await begin(app, party, {
      resource: BANK,
      scope: 'openid bank',
      authorization_details: JSON.stringify([PAYMENT]),
    });
    const page = await submitPassword(asked.browser, asked.page, ada);
    assert.match(page.body, /Rose Garden/);
  });
});

describe('types of authorization details', () => {
  const { payment } = TYPES;
  for (const [why, content, message] of [
    ['no object', [], /it must be an object/],
    ['an unknown member', { payment: { ...payment, text: 'x' } }, /payment\.text is not supported/],
    ['no schema', { payment: { consent: payment.consent } }, /payment\.schema must be an object/],
    [
      'a schema that is none',
      { payment: { ...payment, schema: { properties: { to: { type: 'x' } } } } },
      /payment\.schema/,
    ],
    ['no words', { payment: { schema: {}, consent: {} } }, /payment\.consent must have a text in en/],
    ['empty words', { payment: { schema: {}, consent: { en: ' ' } } }, /payment\.consent\.en/],
    ['a resource that is none', { payment: { ...payment, resources: ['bank'] } }, /payment\.resources/],
  ] as const) {
    test(`are refused with ${why}`, () => assert.throws(() => checkDetailsTypes(content), message));
  }
});

test('a person approves the same details by CIBA (CIBA Core 1.0 §7.1, RFC 9396 §2)', async () => {
  const metadata = cibaMetadata({ scope: 'openid bank', authorization_details_types: ['payment'] });
  const till = await app.seed.party({ metadata });
  const asked = { login_hint: ada.email, scope: 'openid bank', resource: BANK };
  const authorization_details = JSON.stringify([PAYMENT]);
  const bad = await askPerson(app.issuer, till, { ...asked, authorization_details: '[{"type":"payment"}]' });
  assert.deepEqual({ status: bad.status, error: bad.body.error }, { status: 400, error: INVALID });
  const { body } = await askPerson(app.issuer, till, { ...asked, authorization_details });
  const opened = await openRequests(app, ada, browser);
  assert.match(documentOf(opened.page).text, /Pay 12\.50 EUR to Rose Garden/);
  await press(opened.browser, opened.page, 'approve-0');
  const fields = { grant_type: CIBA_GRANT, auth_req_id: body.auth_req_id, resource: BANK };
  const tokens = await token(app.issuer, till, fields);
  assert.deepEqual(decodeJwt(tokens.body.access_token ?? '').authorization_details, [PAYMENT]);
});
