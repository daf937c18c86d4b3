import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { AppError } from '../../server/platform/errors.ts';
import { createAwsKms } from '../../server/platform/key_providers/aws_kms.ts';
import {
  type KeyProvider,
  type KeyProviderName,
  type MasterKeySource,
  unwrapKeys,
} from '../../server/platform/key_providers/provider.ts';
import { createVault } from '../../server/platform/key_providers/vault.ts';
import { deployment } from '../helpers/deployment.ts';
import { closedUrl, type Exchange, kmsService, playedBack, vaultService } from '../helpers/key_services.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';

const scope = { after };
const token = remember('other', 'hvs.a-token-of-the-key-service');
const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: remember('other', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
};
const vault = await vaultService(scope, { token, namespace: 'teams/id' });
const kms = await kmsService(scope, { key: ARN, credentials });
const settings = { url: vault.url, token, key: 'transit/cardea', namespace: 'teams/id' };
const aws = (more: Partial<Parameters<typeof createAwsKms>[0]> = {}) =>
  createAwsKms({ key: ARN, endpoint: kms.url, credentials, ...more });
const closed = await closedUrl();
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const wrappedMasterKey = await createVault(settings).wrap(Buffer.from(masterKey, 'base64'));
const app = await deployment(scope, {
  masterKey,
  env: {
    CARDEA_MASTER_KEY: wrappedMasterKey,
    CARDEA_VAULT_URL: vault.url,
    CARDEA_VAULT_TOKEN: token,
    CARDEA_VAULT_NAMESPACE: settings.namespace,
    CARDEA_VAULT_TRANSIT_KEY: settings.key,
  },
});
const party = await app.seed.party({ firstParty: true });
const person = await app.seed.person();
const askedAtStart = vault.asked.filter((one) => one.includes('decrypt')).length;
type Documented = 'encrypt' | 'decrypt' | 'forbidden' | 'invalid' | 'sealed';
const { exchanges } = JSON.parse(readFileSync(new URL('openbao_transit.json', import.meta.url), 'utf8')) as {
  readonly exchanges: Readonly<Record<Documented, Exchange>>;
};
const PLAIN = 'the quick brown fox\n';

/** The client against an exchange that OpenBao documents. */
async function documented(name: Documented) {
  const exchange = exchanges[name];
  const { url, requests } = await playedBack(scope, exchange);
  const sent = exchange.request;
  const client = createVault({
    url,
    token: sent.headers['x-vault-token'] ?? '',
    key: 'transit/my-key',
    namespace: undefined,
  });
  return { client, requests, sent, wrapped: sent.body.ciphertext ?? '' };
}

const [encrypt, decrypt] = [await documented('encrypt'), await documented('decrypt')];
const errors = [
  { ...(await documented('forbidden')), code: 'key_provider_refused', says: /CARDEA_VAULT_TOKEN .*policy/, asks: 1 },
  { ...(await documented('invalid')), code: 'key_provider_refused', says: /did not encrypt this value/, asks: 1 },
  { ...(await documented('sealed')), code: 'key_provider_unavailable', says: /answered 503/, asks: 11 },
];

/** Opens keys by one provider. @returns the keys or the error, and how long it waited before each further try */
async function open(provider: KeyProvider, keys: readonly MasterKeySource[]) {
  const waited: number[] = [];
  const pause = async (ms: number) => void waited.push(ms);
  try {
    return { opened: await unwrapKeys(keys, async () => provider, { pause }), waited, message: '' };
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return { opened: error.code, waited, message: error.message };
  }
}

const CASES: readonly (readonly [KeyProviderName, typeof vault, KeyProvider, KeyProvider, RegExp])[] = [
  ['vault', vault, createVault(settings), createVault({ ...settings, url: closed }), /^vault:v1:/],
  ['aws-kms', kms, await aws(), await aws({ endpoint: closed }), /^aws-kms:/],
];

for (const [name, service, provider, away, form] of CASES) {
  describe(name, () => {
    const key = randomBytes(32);
    const source = async () => ({ provider: name, wrapped: await provider.wrap(key) });

    test('decrypts what it has encrypted, which differs each time', async () => {
      const [one, two] = [await source(), await source()];
      assert.match(one.wrapped, form);
      assert.notEqual(one.wrapped, two.wrapped);
      const plain = randomBytes(32);
      assert.deepEqual((await open(provider, [one, plain, two])).opened, [key, plain, key]);
    });

    test('is asked again while it does not answer', async () => {
      const wrapped = await source();
      service.next.push('cut', [503, { errors: ['sealed'] }], [500, { __type: 'KMSInternalException' }]);
      assert.deepEqual(await open(provider, [wrapped]), { opened: [key], waited: [250, 500, 1_000], message: '' });
    });

    test('is given up after half a minute, by an error that says which service', async () => {
      const { opened, waited, message } = await open(away, [await source()]);
      assert.equal(opened, 'key_provider_unavailable');
      assert.ok(message.startsWith(away.about), message);
      const total = waited.reduce((sum, ms) => sum + ms, 0);
      assert.ok(total >= 30_000 && total < 36_000, `${total}`);
    });

    test('is not asked again when it refuses', async () => {
      const { wrapped } = await source();
      const last = wrapped.at(-2) === 'A' ? 'B' : 'A';
      const changed = { provider: name, wrapped: `${wrapped.slice(0, -8)}${last.repeat(8)}` };
      const { opened, waited } = await open(provider, [changed]);
      assert.equal(opened, 'key_provider_refused');
      assert.deepEqual(waited, []);
    });

    test('must open 32 bytes', async () => {
      const short = { provider: name, wrapped: await provider.wrap(randomBytes(31)) };
      assert.equal((await open(provider, [short])).opened, 'key_provider_refused');
    });
  });
}

test('a server asks once, when it starts: people sign in while the service is away', async () => {
  assert.equal(askedAtStart, 1);
  const asked = vault.asked.length;
  vault.next.push('cut');
  const granted = await authorize({ issuer: app.issuer, party, person });
  assert.equal((await redeem(app.issuer, party, granted)).status, 200);
  assert.equal(vault.asked.length, asked);
  vault.next.pop();
});

test('vault: encrypts and decrypts by the requests that OpenBao documents, and reads its answers', async () => {
  assert.equal(await encrypt.client.wrap(Buffer.from(PLAIN)), decrypt.wrapped);
  assert.equal(Buffer.from(await decrypt.client.unwrap(decrypt.wrapped)).toString(), PLAIN);
  for (const { requests, sent } of [encrypt, decrypt]) assert.deepEqual(requests, [sent]);
});

test('vault: the errors that OpenBao documents are told apart: refused at once, or asked again while it is sealed', async () => {
  for (const { client, requests, sent, wrapped, code, says, asks } of errors) {
    const { opened, message } = await open(client, [{ provider: 'vault', wrapped }]);
    assert.equal(opened, code);
    assert.match(message, says);
    assert.deepEqual(requests, Array(asks).fill(sent));
  }
});

test('vault: a wrong token, namespace, key, mount or a redirect is refused at once', async () => {
  const wrapped = await createVault(settings).wrap(randomBytes(32));
  for (const wrong of [{ token: 'x' }, { namespace: undefined }, { key: 'transit/x' }, { key: 'other/cardea' }]) {
    const { opened, waited } = await open(createVault({ ...settings, ...wrong }), [{ provider: 'vault', wrapped }]);
    assert.equal(opened, 'key_provider_refused', JSON.stringify(wrong));
    assert.deepEqual(waited, []);
  }
  vault.next.push([307, {}, { location: 'http://127.0.0.1:9/v1/transit/decrypt/cardea' }]);
  const asked = vault.asked.length;
  const { opened } = await open(createVault(settings), [{ provider: 'vault', wrapped }]);
  assert.equal(opened, 'key_provider_refused');
  assert.equal(vault.asked.length, asked + 1);
});

test('aws-kms: wrong credentials, and a key that it does not have, are refused at once', async () => {
  const wrapped = await (await aws()).wrap(randomBytes(32));
  const others = [{ credentials: { ...credentials, secretAccessKey: 'x' } }, { key: ARN.replace('1234abcd', 'other') }];
  for (const wrong of others) {
    const { opened, waited } = await open(await aws(wrong), [{ provider: 'aws-kms', wrapped }]);
    assert.equal(opened, 'key_provider_refused');
    assert.deepEqual(waited, []);
  }
});

test('no error names a token, a secret or a ciphertext', async () => {
  const wrapped = await createVault(settings).wrap(randomBytes(32));
  const { message } = await open(createVault({ ...settings, key: 'transit/x' }), [{ provider: 'vault', wrapped }]);
  assert.notEqual(message, '');
  for (const secret of [token, wrapped.slice(10)]) assert.ok(!message.includes(secret));
});
