import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, errorOn, shown, submit, submitPassword, tokensFor } from '../flows/support.ts';
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { documentSite } from '../helpers/client_documents.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { attributeOf, textOf } from '../helpers/html.ts';
import { message } from '../helpers/messages.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';

/**
 * Anyone can register a client, so a link to Cardea must not redirect to a client that registered itself: its errors
 * are shown on a page (RFC 9700 §4.11.2), unless the person has consented to the client.
 */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_REGISTRATION: 'open' } });
const { issuer, seed } = app;
const site = await documentSite(scope);
const METADATA = {
  application_type: 'web',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  post_logout_redirect_uris: [`${site.origin}/bye`],
};
const redirectUri = `${site.origin}/callback`;
const document: Party = {
  id: site.put('/client.json', { client_name: 'A website', redirect_uris: [redirectUri], ...METADATA }),
  redirectUri,
  secret: undefined,
  client: undefined as never,
};
const { body } = await register(app, { redirect_uris: [redirectUri], ...METADATA });
const unregistered: Readonly<Record<string, Party>> = { 'a document': document, 'registered by itself': partyOf(body) };
const ours = await seed.party({
  firstParty: true,
  metadata: { redirect_uris: [redirectUri], post_logout_redirect_uris: METADATA.post_logout_redirect_uris },
});
const person = await seed.person();

const REQUESTS: Readonly<Record<string, Record<string, string>>> = {
  'a response type that there is not': { response_type: 'bogus' },
  'silent sign-in': { prompt: 'none' },
  'a scope that it may not have': { scope: 'openid groups' },
  'no PKCE': { code_challenge: '', code_challenge_method: '' },
};
const MODES = ['query', 'fragment', 'form_post', 'jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt'];

/** The target of the page's link or form. */
function wayBack(page: Page): URL {
  return new URL(attributeOf(page, 'a#elsewhere', 'href') ?? formOf(page).action);
}

for (const [what, party] of Object.entries(unregistered)) {
  test(`${what}: an error is shown on a page that names the host, with any request and response mode`, async () => {
    for (const [why, params] of Object.entries(REQUESTS)) {
      for (const mode of MODES) {
        const { page } = await begin(app, party, { ...params, response_mode: mode });

        assert.deepEqual([page.status, page.location], [400, undefined], `${why} ${mode}`);
        assert.equal(shown(page), 'error');
        assert.equal(textOf(page, '#elsewhere'), message('error.elsewhere', { host: new URL(redirectUri).hostname }));
        assert.doesNotMatch(page.body, /<script[^>]*>[^<]*submit\(\)/, mode);
        const back = wayBack(page);
        assert.equal(back.origin + back.pathname, redirectUri);
        if (mode === 'query') assert.ok(back.searchParams.get('error'));
        if (mode === 'form_post') assert.equal(formOf(page).fields.error, errorOn(page));
        if (mode === 'form_post.jwt') assert.equal(formOf(page).fields.response?.split('.').length, 3);
      }
    }
  });

  test(`${what}: no redirect without a consent, even when the person is signed in or refuses`, async () => {
    const { browser } = await tokensFor(app, ours, person);
    const silent = await begin(app, party, { prompt: 'none' }, browser.clone());
    assert.deepEqual([shown(silent.page), errorOn(silent.page)], ['error', 'consent_required']);
    const { page } = await begin(app, party, {}, browser);
    const denied = await submit(browser, page, { action: 'cancel' });
    assert.deepEqual([denied.status, shown(denied), errorOn(denied)], [200, 'error', 'access_denied']);
    assert.equal(wayBack(denied).searchParams.get('error'), 'access_denied');
  });

  test(`${what}: with a consent it gets redirects: silent renewal works, and errors arrive`, async () => {
    const somebody = await seed.person();
    const { browser } = await tokensFor(app, party, somebody);
    assert.ok(callbackOf((await begin(app, party, { prompt: 'none' }, browser)).page).code);
    for (const [params, error] of [
      [{ prompt: 'none', max_age: '0' }, 'login_required'],
      [{ response_type: 'bogus' }, 'unsupported_response_type'],
    ] as const) {
      assert.equal(callbackOf((await begin(app, party, params, browser)).page).error, error);
    }
  });

  test(`${what}: signing out leads to a page with a link (RP-Initiated Logout §3)`, async () => {
    const query = new URLSearchParams({
      client_id: party.id,
      post_logout_redirect_uri: `${site.origin}/bye`,
      state: 'x',
    });
    const stranger = browserSession(issuer);
    const out = await stranger.follow(await stranger.get(`/logout?${query}`));
    assert.equal(shown(out), 'signed-out');
    assert.equal(wayBack(out).href, `${site.origin}/bye?state=x`);

    const { browser } = await tokensFor(app, ours, person);
    for (const fields of [{}, { logout: 'yes' }]) {
      const asked = await browser.get(`/logout?${query}`);
      assert.equal(shown(asked), 'sign-out');
      const done = await submit(browser, asked, fields as Record<string, string>);
      assert.equal(shown(done), 'signed-out');
      assert.equal(wayBack(done).href, `${site.origin}/bye?state=x`);
    }

    const known = await tokensFor(app, party, await seed.person());
    const { action, fields } = formOf(await known.browser.get(`/logout?${query}`));
    const sent = await known.browser.post(action, { ...fields, logout: 'yes' });
    assert.equal(sent.location, `${site.origin}/bye?state=x`);
  });
}

test('the page after signing out links only to URIs that the client has registered', async () => {
  for (const uri of ['https://evil.test/', 'javascript:alert(1)', `${site.origin}/bye/more`]) {
    const query = new URLSearchParams({ client_id: document.id, post_logout_redirect_uri: uri });
    const page = await browserSession(issuer).get(`/logout/success?${query}`);
    assert.doesNotMatch(page.body, /evil\.test|javascript:|bye\/more/);
  }
});

test('a client that the operator registered gets its errors by redirect (RFC 6749 §4.1.2.1)', async () => {
  for (const params of [{ response_type: 'bogus' }, { prompt: 'none' }]) {
    const page = await browserSession(issuer).get(authorizeUrl({ issuer, party: ours, params }, 'v'.repeat(43)));
    assert.ok(callbackOf(page).error);
  }
  const { browser, page } = await begin(app, await seed.party());
  const consent = await submitPassword(browser, page, person);
  assert.equal(callbackOf(await submit(browser, consent, { action: 'cancel' })).error, 'access_denied');
});
