import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Configuration, Provider } from 'oidc-provider';
import { assertEveryRouteHasSteps, ENDPOINTS } from '../../server/oidc/endpoints.ts';
import { listRoutes } from '../../server/oidc/seams.ts';

const ISSUER = 'https://issuer.example';
const SERVED = { devInteractions: { enabled: false } } as const;

function routesOf(features: Configuration['features']): ReadonlySet<string> {
  return listRoutes(() => new Provider(ISSUER, { features: { ...SERVED, ...features } })).names;
}

describe('the steps of the endpoints', () => {
  test('a route of the provider without steps is refused at start', () => {
    assert.throws(
      () => assertEveryRouteHasSteps(routesOf({ registration: { enabled: true } })),
      /no steps .* for registration, client$/,
    );
    assertEveryRouteHasSteps(routesOf({}));
  });

  test('the name of an inherited property is no row', () => {
    assert.throws(() => assertEveryRouteHasSteps(['constructor']));
  });

  test('what the provider has registered afterwards is not noted any more', () => {
    const { names } = listRoutes(() => new Provider(ISSUER, { features: SERVED }));
    const before = names.size;
    new Provider(ISSUER, { features: { devInteractions: { enabled: true } } });
    assert.equal(names.size, before);
  });

  test('each path belongs to one row', () => {
    const paths = Object.values(ENDPOINTS).flatMap(({ path }) => path ?? []);
    assert.equal(new Set(paths).size, paths.length);
  });
});
