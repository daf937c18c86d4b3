import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { assertFit, NARROW } from '../helpers/appearance.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, poll } from '../helpers/device.ts';
import { openPage } from '../helpers/page.ts';

/** Connecting a device, in a real Chromium. */
const scope = { after };
const app = await deployment(scope);
const party = await app.seed.party({
  name: 'Example TV',
  public: true,
  metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT, 'refresh_token'] },
});
const person = await app.seed.person();
const browser = await launchChromium(scope);

test('a person follows the link, compares the code, signs in and allows the device (RFC 8628 §3.3)', async () => {
  const { body } = await askForCode(app.issuer, party);
  const { page, complaints } = await openPage(browser, { viewport: NARROW });
  const checkPage = (name: string) => assertFit(page, 'flow', name);

  await page.goto(String(body.verification_uri_complete));
  assert.equal(await page.locator('#user-code').inputValue(), body.user_code);
  await checkPage('device-code');
  await page.keyboard.press('Enter');
  await page.locator('#allow').waitFor();
  assert.equal(await page.locator('#user-code').textContent(), body.user_code);
  assert.equal(await page.locator('#device-agent').textContent(), 'ExampleTV/9.1');
  await checkPage('device-confirm');
  await page.locator('#allow').click();
  await page.locator('#identifier').fill(person.email);
  await page.locator('#password').fill(person.password);
  await page.locator('#submit').click();
  await page.locator('#allow').click();
  await page.getByRole('status').waitFor();
  await checkPage('device-done');
  assert.equal((await poll(app.issuer, party, body.device_code)).status, 200);
  assert.deepEqual(complaints, []);
});
