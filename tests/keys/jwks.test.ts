import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createLocalJWKSet, importJWK, jwtVerify, SignJWT } from 'jose';
import Keygrip from 'keygrip';
import { sql } from 'kysely';
import Provider from 'oidc-provider';
import { generateKey } from '../../keys/generate.ts';
import { activeKey, cookieKeys, derivedSecrets, jwks, signingKeys } from '../../keys/jwks.ts';
import { publicationSeconds, silenceSeconds } from '../../keys/ring.ts';
import type { LoadedKeySet } from '../../keys/store.ts';
import { type Bench, bench, DAY, HOUR, keyDatabase, QUICK, RINGS } from './fixtures.ts';

const MAX_AGE = { maxAgeSeconds: HOUR };

/** A key in each state of each ring, by one emergency rotation and then a staged one. */
async function everyState({ ring }: Bench): Promise<LoadedKeySet> {
  await ring.maintain();
  await ring.rotate({ now: true });
  await ring.rotate();
  return ring.load();
}

const { empty } = await keyDatabase({ after });
const set = await everyState(bench(await empty()));

const published = (set: LoadedKeySet) =>
  JSON.parse(jwks(set, MAX_AGE).body.toString()).keys as Record<string, string>[];
const pairsOf = (set: LoadedKeySet) => set.keys.filter((key) => 'privateJwk' in key);

describe('the JWKS', () => {
  test('has the public halves of all key pairs, active ones first, and nothing else', async () => {
    const expected = ['active', 'pending', 'retiring'].flatMap((state) =>
      ['RS256', 'ES256', 'EdDSA'].map((ring) => `${state} ${ring}`),
    );
    const named = published(set)
      .filter((jwk) => jwk.alg !== 'PS256')
      .map((jwk) => {
        const key = set.keys.find((one) => one.kid === jwk.kid);
        return `${key?.state} ${key?.ring}`;
      });
    assert.deepEqual(named, expected);
    const members = new Set(published(set).map((jwk) => Object.keys(jwk).join()));
    assert.deepEqual([...members].sort(), ['kty,use,kid,alg,crv,x', 'kty,use,kid,alg,crv,x,y', 'kty,use,kid,alg,n,e']);
  });

  test('has an alg and an id of its own for each key: an RSA key is there for RS256 and for PS256 (RFC 7517 §4.4, §4.5)', () => {
    const keys = published(set);
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
    for (const key of pairsOf(set)) {
      const algs = keys.filter(({ n, x }) => (n ?? x) === (key.publicJwk.n ?? key.publicJwk.x)).map(({ alg }) => alg);
      assert.deepEqual(algs, key.ring === 'RS256' ? ['RS256', 'PS256'] : [key.ring]);
    }
  });

  test('verifies what the provider signs, with each algorithm, by kid and alg', async () => {
    const provider = new Provider('http://localhost', {
      jwks: { keys: signingKeys(set) },
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
    } as never);
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      const client = new (provider.Client as unknown as new (metadata: object) => never)({
        client_id: alg,
        client_secret: 's',
        redirect_uris: ['http://localhost/cb'],
        id_token_signed_response_alg: alg,
      });
      const idToken = new provider.IdToken({ sub: 'somebody' }, { client, ctx: undefined } as never);
      const token = await idToken.issue({ use: 'idtoken' });
      const { protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: published(set) }));
      assert.equal(protectedHeader.alg, alg);
      assert.equal(published(set).find(({ kid }) => kid === protectedHeader.kid)?.alg, alg);
    }
  });

  test('has the same bytes on every node, with a strong validator and max-age (RFC 9110 §8.8.3, RFC 9111 §5.2.2.1)', async () => {
    const db = await empty();
    const first = bench(db, QUICK);
    await everyState(first);
    // several keys of the same ring, state and age, which the database then returns in another order
    for (let again = 0; again < 4; again += 1) await first.ring.rotate({ ring: 'EdDSA', now: true });
    const one = jwks(await first.ring.load(), MAX_AGE);
    for (const { kid } of (await first.ring.list()).sort((x, y) => (x.kid < y.kid ? 1 : -1)))
      await sql`UPDATE signing_keys SET revoked = revoked WHERE kid = ${kid}`.execute(db.kysely);
    const two = jwks(await bench(db).ring.load(), MAX_AGE);
    assert.deepEqual(two, one);
    assert.match(one.etag, /^"[\w-]{43}"$/);
    assert.equal(one.cacheControl, 'public, max-age=3600');
  });

  test('changes its ETag when its content changes, and only then', async () => {
    const db = await empty();
    const { ring } = bench(db);
    await ring.maintain();
    const tags = [jwks(await ring.load(), MAX_AGE).etag];
    for (const change of [() => ring.rotate({ ring: 'RS256' }), () => ring.rotate({ ring: 'ES256', now: true })]) {
      await change();
      tags.push(jwks(await ring.load(), MAX_AGE).etag);
    }
    assert.equal(new Set(tags).size, 3);
    await ring.rotate({ ring: 'cookie' });
    assert.equal(jwks(await ring.load(), MAX_AGE).etag, tags[2]);
  });

  test('verifies signatures of the old key until they have expired', async () => {
    const db = await empty();
    const { ring, at } = bench(db);
    await ring.maintain();
    const [signer] = signingKeys(await ring.load());
    assert.ok(signer?.kid);
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256', kid: signer.kid })
      .sign(await importJWK(signer, 'RS256'));
    const verify = async () => jwtVerify(token, createLocalJWKSet({ keys: published(await ring.load()) }));

    at(DAY);
    await ring.rotate({ ring: 'RS256' });
    await verify();
    at(DAY + publicationSeconds(RINGS));
    await ring.maintain();
    assert.notEqual(signingKeys(await ring.load())[0]?.kid, signer.kid, 'another key signs now');
    at(DAY + publicationSeconds(RINGS) + silenceSeconds(RINGS) + HOUR + 59);
    await ring.maintain();
    await verify();
    at(DAY + publicationSeconds(RINGS) + silenceSeconds(RINGS) + HOUR + 60);
    await ring.maintain();
    await assert.rejects(verify(), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
  });
});

test('the key that signs with an algorithm is the active one of its ring', () => {
  const expected = set.keys.find((key) => key.ring === 'ES256' && key.state === 'active')?.kid;
  assert.equal(activeKey({ ...set, keys: set.keys.toReversed() }, 'ES256')?.kid, expected);
  assert.equal(activeKey(set, 'PS512'), undefined);
});

describe('oidc-provider', () => {
  const ALGORITHMS = { RS256: 'RS256', PS256: 'RS256', ES256: 'ES256', EdDSA: 'EdDSA', Ed25519: 'EdDSA' };

  test('signs every algorithm with the active key of its ring, and verifies with all keys', async () => {
    const keystore = await keystoreOf(set);
    for (const [alg, ring] of Object.entries(ALGORITHMS)) {
      const kids = pairsOf(set).filter((key) => key.ring === ring);
      // PS256 tokens of older versions have the first id of their key, so both verify.
      const ids = (keys: typeof kids) =>
        keys.flatMap(({ kid }) => (alg === 'PS256' ? [`${kid}.PS256`, kid] : [kid])).sort();
      const signs = keystore.selectForSign({ alg, use: 'sig' }).map((key) => key.kid);
      assert.deepEqual(signs.slice(0, 1), ids(kids.filter((key) => key.state === 'active')).slice(-1), alg);
      assert.deepEqual([...signs].sort(), ids(kids.filter((key) => key.state === 'active')), alg);
      const verifies = keystore.selectForVerify({ alg, use: 'sig' }).map((key) => key.kid);
      assert.deepEqual(verifies.sort(), ids(kids), alg);
    }
  });

  test('does not sign with a retiring key when its ring has no active one', async () => {
    const db = await empty();
    await everyState(bench(db, QUICK));
    const { ring } = bench(db, { ...QUICK, rings: QUICK.rings.filter((one) => one.name !== 'ES256') });
    await ring.maintain();
    const keystore = await keystoreOf(await ring.load());
    assert.deepEqual(keystore.selectForSign({ alg: 'ES256', use: 'sig' }), []);
    assert.equal(keystore.selectForVerify({ alg: 'ES256', use: 'sig' }).length, 2);
  });

  test('signs an ID token, and accepts those of pending and retiring keys as hints', async () => {
    const provider = new Provider('http://localhost', {
      jwks: { keys: signingKeys(set) },
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
      clients: [{ client_id: 'c', client_secret: 's', redirect_uris: ['http://localhost/cb'] }],
    } as never);
    const client = await provider.Client.find('c');
    assert.ok(client);
    const token = await new provider.IdToken({ sub: 'somebody' }, { client, ctx: undefined } as never).issue({
      use: 'idtoken',
    });
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys: published(set) }));
    assert.equal(protectedHeader.kid, set.keys.find((key) => key.ring === 'RS256' && key.state === 'active')?.kid);
    for (const key of pairsOf(set).filter((one) => one.ring === 'RS256')) {
      const hint = await new SignJWT({ sub: 'somebody' })
        .setProtectedHeader({ alg: 'RS256', kid: key.kid })
        .setIssuer('http://localhost')
        .setAudience('c')
        .setExpirationTime('1h')
        .setIssuedAt()
        .sign(await importJWK(key.privateJwk, 'RS256'));
      await provider.IdToken.validate(hint, client as never);
    }
  });

  interface Keystore {
    selectForSign(by: { alg: string; use: 'sig' }): { kid: string }[];
    selectForVerify(by: { alg: string; use: 'sig' }): { kid: string }[];
  }

  /** The provider's own key store, filled by its own code. */
  async function keystoreOf(set: LoadedKeySet): Promise<Keystore> {
    const internal = (name: string) => import(new URL(`helpers/${name}.js`, import.meta.resolve('oidc-provider')).href);
    const provider = new Provider('http://localhost', { jwks: { keys: signingKeys(set) } } as never);
    const { default: instance } = await internal('weak_cache');
    return instance(provider).keystore;
  }
});

describe('cookie keys', () => {
  test('the active one signs, and all that a node may have signed with verify', async () => {
    const states = cookieKeys(set).map(
      (secret) => set.keys.find((key) => 'secret' in key && key.secret === secret)?.state,
    );
    assert.deepEqual(states, ['active', 'pending', 'retiring']);
    // its types say strings, but it passes them to createHmac, which takes buffers
    const keygrip = (keys: readonly Buffer[]) => new Keygrip(keys as never);
    const grip = keygrip(cookieKeys(set));
    for (const secret of cookieKeys(set)) assert.ok(grip.verify('cookie=1', keygrip([secret]).sign('cookie=1')));
  });

  test('have secrets derived from them, other ones for each purpose', () => {
    const hex = (purpose: string) => derivedSecrets(set, purpose).map((secret) => secret.toString('hex'));
    assert.deepEqual(hex('one'), hex('one'));
    const all = [...hex('one'), ...hex('two'), ...cookieKeys(set).map((secret) => secret.toString('hex'))];
    assert.equal(new Set(all).size, 3 * cookieKeys(set).length);
    for (const secret of all) assert.equal(secret.length, 64);
  });

  test('are not published', async () => {
    const kids = new Set([...published(set), ...signingKeys(set)].map((jwk) => jwk.kid));
    for (const key of set.keys.filter((one) => one.ring === 'cookie')) assert.equal(kids.has(key.kid), false);
  });
});

describe('a new key', () => {
  test('has the requested size, and differs from others', async () => {
    for (const bits of [2048, 3072]) {
      const { publicJwk } = await generateKey('RS256', bits);
      assert.equal(Buffer.from(publicJwk?.n ?? '', 'base64url').length * 8, bits);
    }
    const kids = await Promise.all(
      ['ES256', 'ES256', 'EdDSA', 'EdDSA', 'HMAC', 'HMAC'].map((alg) => generateKey(alg as 'HMAC', 0)),
    );
    assert.equal(new Set(kids.map((key) => key.kid)).size, 6);
  });
});
