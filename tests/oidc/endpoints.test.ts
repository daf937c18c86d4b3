import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Configuration, Provider } from 'oidc-provider';
import { assertEveryRouteHasSteps, ENDPOINTS } from '../../server/oidc/endpoints.ts';
import { listRoutes } from '../../server/oidc/seams.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { importsOf } from '../import_rules.ts';

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

  test('routes are listed for one provider at a time', () => {
    const { names } = listRoutes(() => new Provider(ISSUER, { features: SERVED }));
    const before = names.size;
    new Provider(ISSUER, { features: { devInteractions: { enabled: true } } });
    assert.equal(names.size, before);
  });

  test('no step imports another: what one learns and another needs is a member of the exchange', () => {
    const files = globSync('server/oidc/steps/*.ts', { cwd: ROOT });
    assert.ok(files.length > 10);
    const imports = files.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')));
    assert.deepEqual(
      imports.filter(({ source }) => source.startsWith('./')),
      [],
    );
  });

  test('each path belongs to one row', () => {
    const paths = Object.values(ENDPOINTS).flatMap(({ path }) => path ?? []);
    assert.equal(new Set(paths).size, paths.length);
  });
});
