import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkMetadata, type MetadataInput } from '../../server/clients/metadata.ts';
import { DEFAULT_SERVER_POLICY, profileViolation } from '../../server/clients/profiles.ts';
import type { ProfileName } from '../../server/clients/vocabulary.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** modules.md names a test for each module of the suite, and each of these tests must exist. */
const sections = readFileSync(join(ROOT, 'tests/conformance/modules.md'), 'utf8').split(/^## /m).slice(1);
const ROW = /^\| `(?<module>[\w-]+)` \| (?<clause>[^|]+) \| `(?<file>[\w/.]+)`: (?<name>[^|]+)… \|$/;

interface PlanFile {
  readonly profile: ProfileName;
  readonly clients: Readonly<Record<string, MetadataInput>>;
  readonly keys?: string;
}

describe('a plan', () => {
  for (const file of globSync('tests/conformance/plans/*.json', { cwd: ROOT })) {
    test(`asks only for what its profile allows: ${file}`, () => {
      const text = readFileSync(join(ROOT, file), 'utf8').replaceAll(
        /\{(test|inbound)\}/g,
        'https://suite.example.com/test/a/cardea',
      );
      const { profile, clients, keys } = JSON.parse(text) as PlanFile;
      const jwk = keys && generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'jwk' });
      for (const metadata of Object.values(clients)) {
        const whole = checkMetadata(jwk ? { ...metadata, jwks: { keys: [jwk] } } : metadata);
        assert.equal(profileViolation(whole, { ...DEFAULT_SERVER_POLICY, profile }), undefined);
      }
    });
  }
});

test('clients of the plans of FAPI have the scopes, redirect URIs and algorithms that its modules ask for', () => {
  for (const file of globSync('tests/conformance/plans/{fapi2,ciba}*.json', { cwd: ROOT })) {
    const { clients } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as PlanFile;
    const { client, client2 } = clients as Readonly<Record<string, MetadataInput>>;
    if (file.includes('ciba')) {
      // FAPI 1.0 Advanced §8.6; the profile that the plan runs with does not ask for it.
      assert.deepEqual(
        [client, client2].map((one) => one?.id_token_signed_response_alg),
        ['PS256', 'PS256'],
        file,
      );
      continue;
    }
    for (const scope of ['profile', 'email', 'phone', 'address']) {
      assert.ok(
        [client, client2].every((one) => String(one?.scope).split(' ').includes(scope)),
        `${file}: ${scope}`,
      );
    }
    const extended = '{test}/callback?dummy1=lorem&dummy2=ipsum';
    assert.deepEqual(client2?.redirect_uris, ['{test}/callback', extended], file);
  }
});

describe('modules.md', () => {
  test('has a section for every plan that can be seeded', () => {
    const plans = globSync('tests/conformance/plans/*.json', { cwd: ROOT }).map(
      (file) => /(\w[\w-]*)\.json$/.exec(file)?.[1],
    );
    assert.deepEqual(sections.map((section) => /^[\w-]+/.exec(section)?.[0]).sort(), plans.sort());
  });

  for (const section of sections) {
    const [title = '', ...lines] = section.split('\n');
    test(`names existing tests: ${title}`, () => {
      const rows = lines.filter((line) => line.startsWith('| `'));
      assert.ok(rows.length > 0);
      for (const row of rows) {
        const { file = '', name = '' } = ROW.exec(row)?.groups ?? assert.fail(`not a row: ${row}`);
        const source = readFileSync(join(ROOT, file), 'utf8');
        assert.ok(source.replaceAll("\\'", "'").includes(name), `${file} has no test ${name}`);
      }
    });
  }
});
