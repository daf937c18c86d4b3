import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { makeIdentity, writeFiles } from '../helpers/certificates.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { openPage } from '../helpers/page.ts';
import { remember } from '../helpers/secrets.ts';

/** A real browser at an issuer with a path, by https, where it applies the rules of `__Secure-` cookies. */
const scope = { after };
const serving = await makeIdentity({ subject: 'CN=localhost', names: [{ type: 'dns', value: 'localhost' }] });
const files = writeFiles(scope, { cert: serving.pem, key: serving.keyPem });
const app = await deployment(scope, {
  basePath: '/auth',
  env: { CARDEA_TLS_CERT: files.cert, CARDEA_TLS_KEY: files.key },
});
const person = await app.seed.person({ name: 'Ada Lovelace' });
const browser = await launchChromium(scope);

test('a person signs in, changes the profile, looks around and signs out below the path', async () => {
  const { page, context, complaints } = await openPage(browser, { ignoreHTTPSErrors: true });
  const outside: string[] = [];
  const files = new Set<string>();
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/auth/') && pathname !== '/auth') outside.push(request.url());
    if (pathname.startsWith('/auth/assets/')) files.add(pathname.split('.').at(-1) ?? '');
  });

  await page.goto(app.issuer);
  await page.locator('#account').click();
  await page.locator('#identifier').fill(person.email);
  await page.locator('#password').fill(person.password);
  await page.locator('#submit').click();
  await page.waitForURL(`${app.issuer}/account`);

  await page.locator('#row-profile').click();
  await page.locator('#nickname').fill('Enchantress');
  await page.locator('#save').click();
  await page.locator('#done').waitFor();
  assert.equal(new URL(page.url()).pathname, '/auth/account/profile');

  // Only cookies of this path, with the prefix that a browser accepts there.
  const cookies = await context.cookies([app.issuer, `${app.issuer}/account`]);
  for (const { value } of cookies) remember('cookie', value);
  assert.ok(cookies.some(({ name, path }) => name === '__Secure-cardea_session' && path === '/auth'));
  for (const { name, path, secure } of cookies) {
    assert.ok(secure, name);
    assert.match(path, /^\/auth(\/|$)/, name);
  }
  assert.deepEqual(await context.cookies(new URL(app.issuer).origin), []);

  const icon = await page.locator('link[rel=icon]').getAttribute('href');
  assert.equal(
    (await page.request.get(new URL(icon ?? '', page.url()).href)).status(),
    200,
    'not every browser loads it',
  );
  assert.ok(icon?.startsWith('/auth/assets/'));

  await page.locator('#sign-out').click();
  await page.locator('button[name="logout"]').click();
  await page.waitForURL(`${app.issuer}/logout/success*`);
  await page.goto(`${app.issuer}/account`);
  await page.locator('#password').waitFor();

  assert.deepEqual(outside, []);
  assert.deepEqual([...files].filter((kind) => kind !== 'svg').sort(), ['css', 'js']);
  assert.deepEqual(complaints, []);
  await context.close();
});
