import { makeIdentity } from '../helpers/certificates.ts';
import { freePort } from '../helpers/waiting.ts';
import type { Case, DoctorWorld } from './doctor_world.ts';

/** Of the issuer as clients reach it, of proxies, and of services beside the database. */
export function networkCases(world: DoctorWorld): readonly Case[] {
  const { redis, anotherKey, silentPort, site, tlsSite, proxied, smtp, issuerOf } = world;
  return [
    {
      check: 'name',
      broken: 'the host has no address',
      env: issuerOf('http://nothing.test'),
      state: 'error',
      found: /nothing\.test has no address/,
    },
    {
      check: 'TLS',
      broken: 'the certificate has expired',
      env: async () => issuerOf(await tlsSite({ validDays: [-9, -2] })),
      state: 'error',
      found: /expired [23] days ago: /,
    },
    {
      check: 'TLS',
      broken: 'the authority is unknown',
      env: async () => issuerOf(await tlsSite({ validDays: [-1, 90] })),
      state: 'error',
      found: /DEPTH_ZERO_SELF_SIGNED_CERT/,
      remedy: /NODE_EXTRA_CA_CERTS/,
    },
    {
      check: 'TLS',
      broken: 'it is no TLS',
      env: issuerOf(`https://localhost:${silentPort}`),
      state: 'error',
      found: /no result within 1 seconds/,
    },
    {
      check: 'discovery',
      broken: 'nothing listens',
      env: async () => issuerOf(`http://localhost:${await freePort()}`),
      state: 'error',
      found: /ECONNREFUSED/,
      remedy: /Start the proxy/,
    },
    {
      check: 'discovery',
      broken: 'it redirects',
      env: async () => issuerOf(await site((_, response) => response.writeHead(301, { location: '/' }).end())),
      state: 'error',
      found: /redirects/,
    },
    {
      check: 'discovery',
      broken: 'something else answers',
      env: async () => issuerOf(await site((_, response) => response.end('hello'))),
      state: 'error',
      found: /answers 200, and no discovery document/,
    },
    {
      check: 'discovery',
      broken: 'another issuer answers',
      env: async () => issuerOf(await site((_, response) => response.end('{"issuer":"http://other"}'))),
      state: 'error',
      found: /is of the issuer http:\/\/other/,
    },
    {
      check: 'discovery',
      broken: 'the clock of its server is wrong',
      env: async () => {
        const issuer: string = await site((_, response) =>
          response
            .writeHead(200, { date: new Date(Date.now() - 90_000).toUTCString() })
            .end(JSON.stringify({ issuer })),
        );
        return issuerOf(issuer);
      },
      state: 'error',
      found: /issuer are \d+\.\d seconds apart/,
    },
    {
      check: 'JWKS',
      broken: 'it has other keys',
      env: async () => ({ ...issuerOf(await site((_, response) => response.end('{"keys":[{"kid":"foreign"}]}'))) }),
      state: 'error',
      found: /lacks 1 keys of the database, and has 1 others/,
    },
    {
      check: 'trusted proxies',
      broken: 'everybody is one',
      env: { CARDEA_TRUSTED_PROXIES: '0.0.0.0/0' },
      state: 'error',
      found: /nearly everybody/,
    },
    { check: 'proxy', broken: 'nothing', state: 'ok', found: /no proxy is in front/ },
    {
      check: 'proxy',
      broken: 'another deployment answers',
      env: { CARDEA_MASTER_KEY: anotherKey },
      state: 'error',
      found: /does not know this probe/,
    },
    {
      check: 'proxy',
      broken: 'it is not trusted',
      env: () => proxied({}, (sent) => `${sent}, 192.0.2.9`),
      state: 'error',
      found: /X-Forwarded-For is not believed/,
      remedy: /Add (::1|127\.0\.0\.1|::ffff:127\.0\.0\.1) to CARDEA_TRUSTED_PROXIES/,
    },
    {
      check: 'proxy',
      broken: 'it tells no address',
      env: () => proxied({ CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' }, () => undefined),
      state: 'error',
      found: /does not tell the address/,
    },
    {
      check: 'proxy',
      broken: 'nothing behind one that replaces',
      env: () => proxied({ CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1' }, () => '192.0.2.9'),
      state: 'ok',
      found: /they cannot choose it/,
    },
    {
      check: 'proxy',
      broken: 'it passes certificates on',
      env: () =>
        proxied(
          { CARDEA_TRUSTED_PROXIES: '127.0.0.1,::1', CARDEA_CLIENT_CERTIFICATE_HEADER: 'Client-Cert' },
          () => '192.0.2.9',
        ),
      state: 'error',
      found: /can claim any certificate/,
    },
    {
      check: 'mail',
      broken: 'the password is wrong',
      env: async () => ({ CARDEA_SMTP_URL: await smtp({ onAuth: (_, __, done) => done(new Error('no')) }) }),
      state: 'error',
      found: /EAUTH 535/,
      remedy: /user and password/,
    },
    {
      check: 'mail',
      broken: 'nothing listens',
      env: async () => ({ CARDEA_SMTP_URL: `smtp://127.0.0.1:${await freePort()}` }),
      state: 'error',
      found: /cannot be used: nothing listens there \(ECONNREFUSED\)$/,
      remedy: /^Start the mail server, or correct host and port/,
    },
    {
      check: 'mail',
      broken: 'it does not let anybody sign in',
      env: async () => ({ CARDEA_SMTP_URL: `${await smtp({ disabledCommands: ['AUTH'] })}?tls=none` }),
      state: 'error',
      found: /it offers no sign-in \(EAUTH 50\d\)/,
      remedy: /Take user and password out of CARDEA_SMTP_URL/,
    },
    {
      check: 'mail',
      broken: 'it does not begin with TLS',
      env: async () => ({ CARDEA_SMTP_URL: (await smtp({})).replace('smtp:', 'smtps:') }),
      state: 'error',
      found: /it does not begin with TLS/,
      remedy: /smtp:\/\/ \(STARTTLS/,
    },
    {
      check: 'mail',
      broken: 'the certificate is unknown',
      env: async () => {
        const { pem: cert, keyPem: key } = await makeIdentity();
        return { CARDEA_SMTP_URL: (await smtp({ secure: true, cert, key })).replace('smtp:', 'smtps:') };
      },
      state: 'error',
      found: /its certificate is not accepted/,
    },
    {
      check: 'mail',
      broken: 'it never greets',
      env: { CARDEA_SMTP_URL: `smtp://localhost:${silentPort}` },
      state: 'error',
      found: /no result within 1 seconds/,
    },
    {
      check: 'redis',
      broken: 'nothing listens',
      env: async () => ({ CARDEA_REDIS_URL: `redis://127.0.0.1:${await freePort()}` }),
      state: 'error',
      found: /each server counts for itself/,
      remedy: /Start it/,
    },
    {
      check: 'redis',
      broken: 'the password is wrong',
      env: { CARDEA_REDIS_URL: redis.url.replace('://', '://nobody:x@') },
      state: 'error',
      found: /WRONGPASS/,
    },
    {
      check: 'redis',
      broken: 'counters may be evicted',
      env: { CARDEA_REDIS_URL: redis.url },
      state: 'warning',
      found: /allkeys-lru/,
    },
  ];
}
