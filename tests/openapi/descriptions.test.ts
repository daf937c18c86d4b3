import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenApi } from '../../server/platform/openapi.ts';
import { descriptions, printed, problemsOf, RELEASED } from './descriptions.ts';

/** What `make check` finds in the descriptions of the repository (check.ts). */

const made = await descriptions('1.0.0');
const files = Object.fromEntries(Object.entries(made).map(([name, document]) => [`${name}.json`, printed(document)]));

const released = Object.fromEntries(
  Object.entries(made).map(([name, one]) => [`${RELEASED}/${name}.json`, printed(one)]),
);

const reading = (texts: Readonly<Record<string, string>>) => (path: string) => texts[path];

test('files as the code makes them, and the same descriptions in the last release, are no problem', () => {
  assert.deepEqual(problemsOf(made, files, reading(files)), []);
  assert.deepEqual(problemsOf(made, files, reading({ ...files, ...released })), []);
});

test('a file that is out of date or missing is named', () => {
  const [first = '', second = ''] = Object.keys(files);
  const problems = problemsOf(made, files, reading({ [second]: `${files[second]} ` }));
  assert.equal(problems.length, 2);
  assert.ok(problems[0]?.startsWith(first) && problems[1]?.startsWith(second));
});

test('an operation of the last release that is gone, and one that needs more, are named', () => {
  const { oauth } = made;
  assert.ok(oauth);
  const before: OpenApi = { ...oauth, paths: { ...oauth.paths, '/gone': { get: { responses: {} } } } };
  const device = oauth.paths['/device_authorization']?.post;
  const stricter: OpenApi = {
    ...oauth,
    paths: {
      ...oauth.paths,
      '/device_authorization': {
        post: { ...device, parameters: [{ name: 'id', in: 'query', required: true, schema: { type: 'string' } }] },
      },
    },
  };
  const problems = problemsOf({ oauth: stricter }, {}, reading({ [`${RELEASED}/oauth.json`]: printed(before) }));
  assert.deepEqual(problems, [
    'oauth: POST /device_authorization needs the query parameter id',
    'oauth: GET /gone was removed',
  ]);
});

test('a version, a summary and a new operation break nothing', async () => {
  const next = await descriptions('2.0.0');
  assert.deepEqual(problemsOf(next, {}, reading(released)), []);
});

test('a version in the change log needs its descriptions, so that the next ones are compared with them', () => {
  const described = (version: string): OpenApi => ({ openapi: '3.1.1', info: { title: '', version }, paths: {} });
  const problems = (changelog: string, released?: string) =>
    problemsOf(
      { one: described('1.1.0') },
      {},
      reading({
        'CHANGELOG.md': `# Changelog\n\n## Unreleased\n\n### Added\n${changelog}`,
        ...(released === undefined ? {} : { [`${RELEASED}/one.json`]: printed(described(released)) }),
      }),
    ).length;
  for (const heading of ['## 1.0.0', '## [1.0.0] - 2026-01-31', '## v1.0.0']) {
    assert.equal(problems(`\n${heading}\n\n## 0.9.0\n`), 1, heading);
    assert.equal(problems(`\n${heading}\n\n## 0.9.0\n`, '0.9.0'), 1, heading);
    assert.equal(problems(`\n${heading}\n\n## 0.9.0\n`, '1.0.0'), 0, heading);
  }
  assert.equal(problems(''), 0);
});
