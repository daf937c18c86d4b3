import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Configuration, Provider } from 'oidc-provider';
import { assertEveryRouteHasSteps, ENDPOINTS } from '../../server/oidc/endpoints.ts';
import { listRoutes } from '../../server/oidc/seams.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { importsOf } from '../import_rules.ts';

const LISTS = ['before', 'parameters', 'after', 'beforeCommit', 'onError', 'finally'] as const;

/** The required steps of every endpoint, in this order: an endpoint without them would bypass a defence. */
const COMMON: Readonly<Partial<Record<(typeof LISTS)[number], readonly string[]>>> = {
  before: ['refuseOversizedBody', 'readClientCertificate', 'requireSigningKey'],
  parameters: ['assertParameterSizes', 'assertRequestObjectTypes'],
  after: ['rejectFailures', 'explainRefusal'],
  beforeCommit: ['limitUnfinished'],
  finally: ['logRefusal'],
};

/** Steps that depend on each other, by list. */
const TOGETHER: readonly (readonly string[])[] = [
  ['before limitFailedAuthentications', 'finally countFailedAuthentication'],
  ['before checkProofKey', 'beforeCommit recordProof', 'onError explainReplayedProof'],
  ['beforeCommit storeFormResponse', 'after replayForm', 'onError replayForm'],
  ['after replayRefresh', 'beforeCommit storeRefreshResponse'],
  ['before limitUserCodes', 'before moveUserCode', 'finally refundMalformedUserCode'],
];

const served = Object.entries(ENDPOINTS).filter(([, { path }]) => path !== undefined);

const namesOf = (steps: readonly { readonly name: string }[]): readonly string[] => steps.map(({ name }) => name);

const ISSUER = 'https://issuer.example';
const NO_DEVELOPMENT_PAGES = { devInteractions: { enabled: false } } as const;

function routesOf(features: Configuration['features']): ReadonlySet<string> {
  return listRoutes(() => new Provider(ISSUER, { features: { ...NO_DEVELOPMENT_PAGES, ...features } })).names;
}

describe('the steps of the endpoints', () => {
  test('a route of the provider without steps is refused at start', () => {
    assert.throws(
      () => assertEveryRouteHasSteps(routesOf({ registration: { enabled: true } })),
      /no steps .* for registration, client$/,
    );
    assertEveryRouteHasSteps(routesOf({}));
  });

  test('the name of an inherited property is not a route', () => {
    assert.throws(() => assertEveryRouteHasSteps(['constructor']));
  });

  test('routes are listed for one provider at a time', () => {
    const { names } = listRoutes(() => new Provider(ISSUER, { features: NO_DEVELOPMENT_PAGES }));
    const before = names.size;
    new Provider(ISSUER, { features: { devInteractions: { enabled: true } } });
    assert.equal(names.size, before);
  });

  test('steps do not import each other: they share data as members of the exchange', () => {
    const files = globSync('server/oidc/steps/*.ts', { cwd: ROOT });
    assert.ok(files.length > 10);
    const imports = files.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')));
    assert.deepEqual(
      imports.filter(({ source }) => source.startsWith('./')),
      [],
    );
  });

  for (const [route, endpoint] of served) {
    const listed = new Set(LISTS.flatMap((list) => namesOf(endpoint[list]).map((name) => `${list} ${name}`)));

    test(`${route}: has the required steps of every endpoint in their order`, () => {
      for (const [list, names] of Object.entries(COMMON)) {
        const present = namesOf(endpoint[list as (typeof LISTS)[number]]).filter((name) => names.includes(name));
        assert.deepEqual(present, names, list);
      }
      if (endpoint.caller === 'client') {
        assert.equal(endpoint.before[0]?.name, 'normalizeHeaders', 'so that errors of the other steps are JSON');
        assert.ok(namesOf(endpoint.before).includes('refuseRepeatedAuthorization'));
        // At /userinfo a token is presented, and no client authenticates.
        if (route !== 'userinfo') assert.ok(listed.has('before limitFailedAuthentications'));
      }
      assert.equal(endpoint.after[0]?.name, 'rejectFailures', 'before another step trusts the response');
    });

    test(`${route}: has steps that depend on each other all or not at all`, () => {
      for (const group of TOGETHER) {
        const present = group.filter((name) => listed.has(name));
        assert.ok(present.length === 0 || present.length === group.length, `${present} of ${group}`);
      }
    });
  }

  test('each path belongs to one entry', () => {
    const paths = Object.values(ENDPOINTS).flatMap(({ path }) => path ?? []);
    assert.equal(new Set(paths).size, paths.length);
  });
});
