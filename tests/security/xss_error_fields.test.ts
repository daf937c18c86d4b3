import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { begin, shown, submitPassword } from '../flows/support.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { askPerson, cibaMetadata } from '../helpers/ciba.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, typeCode } from '../helpers/device.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';

/**
 * Untrusted values are shown as text on every page: in error fields, on self-submitting pages, and in names of apps,
 * people and browsers (Hydra GO-2026-4861, authentik CVE-2026-42849).
 */
const scope = { after };
const folder = mkdtempSync(join(tmpdir(), 'cardea-xss-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const types = join(folder, 'types.json');
const note = { schema: { additionalProperties: { type: 'string' } }, consent: { en: 'Read the note {title}' } };
writeFileSync(types, JSON.stringify({ note }));
const app = await deployment(scope, { env: { CARDEA_DEMO: 'true', CARDEA_AUTHORIZATION_DETAILS_TYPES: types } });
const { issuer } = app;
const MARK = 'xq7';
/**
 * Ends a quoted attribute, a tag, a comment and a script; adds a handler; contains line separators for scripts;
 * reverses the text direction.
 */
const EVIL = `"'><${MARK} onfocus=${MARK}()></script></title>--><img src=x onerror=${MARK}()>\u2028\u202e\`\${${MARK}()}`;
/** Names of apps and people contain no invisible characters (clients/readers.ts), so these use the rest. */
const NAME = EVIL.replace(/[^ -~]/g, '');
const URIS = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri'] as const;
/** The characters that a URI may contain (RFC 3986). */
const evilUri = (name: string) => `https://rp.example.com/${name}?'onfocus=${MARK}()&x=javascript:${MARK}()`;
const metadata = Object.fromEntries(URIS.map((name) => [name, evilUri(name)]));
const party = await app.seed.party({
  name: NAME,
  metadata: {
    ...metadata,
    redirect_uris: [evilUri('callback')],
    scope: 'openid profile offline_access api:read',
    authorization_details_types: ['note'],
  },
});
const tv = await app.seed.party({
  name: NAME,
  public: true,
  metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT] },
});
const till = await app.seed.party({ name: NAME, metadata: cibaMetadata() });
await app.seed.resourceServer({ identifier: 'https://api.example.com', name: NAME, scopes: ['api:read'] });

const seen = new Map<string, string>();

/** No sent value becomes markup, and no attribute runs as a script. */
function assertText(page: Pick<Page, 'body' | 'headers'>, what: string): void {
  if (!(page.headers.get('content-type') ?? '').startsWith('text/html')) return;
  seen.set(what, page.body);
  assert.ok(!page.body.includes(`<${MARK}`), `${what}: an element`);
  for (const [tag] of page.body.matchAll(/<[a-z](?:"[^"]*"|'[^']*'|[^>"'])*>/gi)) {
    assert.doesNotMatch(tag.replace(/"[^"]*"/g, '""'), /\son\w+\s*=/i, `${what}: a handler in ${tag}`);
    assert.doesNotMatch(
      tag,
      /(?:href|src|action)="\s*(?:javascript|data|vbscript):(?!image)/i,
      `${what}: a script's URL in ${tag}`,
    );
  }
  assert.doesNotMatch(
    page.body,
    /<script(?![^>]*\ssrc="\/assets\/)[^>]*>/,
    `${what}: a script that does not belong to the page`,
  );
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self';/, what);
}

async function visitPage(browser: BrowserSession, url: string, what: string): Promise<Page> {
  const page = await browser.follow(await browser.get(url));
  assertText(page, what);
  return page;
}

test('every parameter of an authorization request, on error pages and in form_post responses', async () => {
  const names = ['state', 'nonce', 'scope', 'prompt', 'login_hint', 'ui_locales', 'acr_values', 'claims', 'display'];
  const others = [
    'client_id',
    'redirect_uri',
    'response_type',
    'response_mode',
    'request',
    'request_uri',
    'resource',
    'authorization_details',
  ];
  for (const name of [...names, ...others, 'max_age', 'id_token_hint', 'code_challenge_method', EVIL]) {
    for (const mode of [{}, { response_mode: 'form_post' }, { response_mode: 'form_post', prompt: 'none' }]) {
      const params = { ...mode, [name]: name === 'redirect_uri' ? `javascript:${MARK}()//${EVIL}` : EVIL };
      const page = await browserSession(issuer).get(authorizeUrl({ issuer, party, params }, 'v'.repeat(43)));
      assertText(page, `${name} ${JSON.stringify(mode)}`);
      assert.doesNotMatch(page.location ?? '', /^javascript:/i);
    }
  }
});

test('a form_post response carries the state unchanged, and a name as text', async () => {
  const state = EVIL.replace('\u2028', '');
  const params = { response_mode: 'form_post', prompt: 'none', scope: 'openid', state };
  const page = await browserSession(issuer).get(authorizeUrl({ issuer, party, params }, 'v'.repeat(43)));
  assertText(page, 'form_post');
  const { action, fields } = formOf(page);
  assert.deepEqual([action, fields.state, fields.error], [party.redirectUri, state, 'login_required']);
  assert.ok(page.body.includes('&lt;xq7 onfocus'), 'the name of the app is on the page');
});

test('names and addresses of apps, scopes and people, from the first page to the last', async () => {
  const person = await app.seed.person({ name: NAME });
  // RFC 9396 §12: a field that is missing in the sentence is shown by its name.
  const authorization_details = JSON.stringify([{ type: 'note', title: EVIL, [EVIL]: EVIL }]);
  const resource = 'https://api.example.com';
  const request = { login_hint: EVIL, scope: 'openid profile api:read', resource, authorization_details };
  const { browser, page } = await begin(app, party, request);
  assert.equal(shown(page), 'sign-in');
  assertText(page, 'sign-in');
  const { action, fields } = formOf(page);
  assertText(await browser.post(action, { ...fields, identifier: EVIL, password: EVIL, action: 'signin' }), 'refused');
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  assertText(consent, 'consent');
  assert.match(consent.body, /Read the note [\s\S]*&lt;xq7 onfocus[\s\S]*&lt;xq7 onfocus[\s\S]*&lt;xq7 onfocus/);
  assertText(await browser.get(`${action}${encodeURIComponent(EVIL)}`), 'another visit');

  const headers = { 'user-agent': NAME };
  const account = browserSession(issuer);
  const start = await account.follow(await account.get('/account', headers));
  const form = formOf(start);
  await account.post(form.action, { ...form.fields, identifier: person.email, password: person.password }, headers);
  await askPerson(issuer, till, { login_hint: person.email, binding_message: EVIL.slice(0, 60) });
  await askPerson(issuer, till, { login_hint: person.email, binding_message: '<xq7>"onfocus=' });
  const pages = ['', '/profile', '/email', '/sessions', '/apps', '/requests', '/events', '/passkeys', '/second-factor'];
  for (const path of pages) {
    await visitPage(account, `/account${path}?done=${encodeURIComponent(EVIL)}`, `account${path}`);
  }
  for (const name of ['client_id', 'state', 'post_logout_redirect_uri', 'id_token_hint', 'ui_locales']) {
    await visitPage(account, `/logout?${new URLSearchParams({ client_id: party.id, [name]: EVIL })}`, `logout ${name}`);
  }
  await visitPage(account, `/logout/success?client_id=${party.id}`, 'signed out');
});

test('the texts of a device request, and an invalid code (RFC 8628 §3.3)', async () => {
  const agent = { 'user-agent': NAME };
  const { body } = await askForCode(issuer, tv, { scope: 'openid' }, agent);
  const browser = browserSession(issuer);
  const page = await typeCode(browser, body.user_code);
  assertText(page, 'device');
  assert.ok(page.body.includes('&lt;xq7 onfocus'));
  assertText(await typeCode(browser, EVIL), 'no code');
  await visitPage(browser, `/device?user_code=${encodeURIComponent(EVIL)}`, 'a code in the URL');
});

test('unknown pages, links, and the errors of the demo', async () => {
  const evil = encodeURIComponent(EVIL);
  const browser = browserSession(issuer);
  for (const path of [`/${evil}`, `/?x=${evil}`, `/login/${evil.slice(0, 200)}`, `/account/link/unlock?token=${evil}`])
    await visitPage(browser, path, path);
  await browser.get('/demo');
  await visitPage(browser, `/demo/callback?error=${evil}&error_description=${evil}&state=${evil}`, 'demo');
  await visitPage(browser, `/account/signed-in?error=${evil}&state=${evil}`, 'back from signing in');
  await visitPage(browser, `/account/forgot?ui_locales=${evil}`, 'forgot');
});

test('in a browser without the CSP no value runs as script or becomes an element', async () => {
  assert.ok(seen.size > 40, `${seen.size} pages`);
  const context = await (await launchChromium(scope)).newContext({ bypassCSP: true });
  const page = await context.newPage();
  let ran = 0;
  await page.exposeFunction(MARK, () => {
    ran += 1;
  });
  // From an opaque origin: the page's scripts do not load, and nothing is submitted.
  await page.route('**/*', (route) => route.abort());
  for (const [what, body] of seen) {
    await page.setContent(body, { waitUntil: 'domcontentloaded' });
    const found = await page.evaluate(`[
      document.querySelectorAll('${MARK}').length,
      document.querySelectorAll('img[src=x]').length,
      [...document.querySelectorAll('*')].filter((e) => [...e.attributes].some(({ name }) => name.startsWith('on'))).length,
      [...document.querySelectorAll('[href], [action], [src]')]
        .filter((e) => /^\\s*javascript:/i.test(e.getAttribute('href') ?? e.getAttribute('action') ?? e.getAttribute('src'))).length,
    ]`);
    assert.deepEqual(found, [0, 0, 0, 0], what);
  }
  assert.equal(ran, 0);
});
