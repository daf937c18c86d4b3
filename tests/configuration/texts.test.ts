import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { setUpCli } from '../cli/run_cli.ts';

/** Texts of a configuration file, which are permanent. */

const { cardea, db, folder } = await setUpCli({ after });

const FIRST = `texts:
  terms/2026-11/en:
    title: Terms of Service
    url: https://example.com/terms/2026-11
    effective_from: "2026-11-01T09:00:00+01:00"
  terms/2026-11/de:
    title: Nutzungsbedingungen
    url: https://example.com/de/terms/2026-11
    effective_from: "2026-11-01T08:00:00Z"
  privacy/1/en: { title: Privacy, url: "https://example.com/privacy", ask_again: false }
`;

const written = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const config = (verb: string, path: string) => cardea(['config', verb, path, '--json']);
const published = async () => (await cardea(['privacy', 'texts', '--json'])).json as Record<string, string>[];
const actions = async () => {
  const text = `SELECT action, target_id FROM audit WHERE outcome = 'done' ORDER BY target_id`;
  return (await db.run({ text }, [])).map(({ action, target_id: id }) => `${action} ${id}`);
};

test('texts that do not exist are published by the file, and are left as they are from then on', async () => {
  const file = written('first.yaml', FIRST);
  assert.equal((await config('apply', file)).code, 0);
  const texts = await published();
  assert.deepEqual(texts.map(({ kind, version, language }) => `${kind}/${version}/${language}`).sort(), [
    'privacy/1/en',
    'terms/2026-11/de',
    'terms/2026-11/en',
  ]);
  const english = texts.find(({ kind, language }) => kind === 'terms' && language === 'en');
  assert.deepEqual([english?.ask_again, english?.effective_from], [true, '2026-11-01T08:00:00.000Z']);
  assert.deepEqual((await config('plan', file)).json.steps, []);
  const before = await actions();
  assert.equal(before.length, 3);
  assert.equal((await config('apply', file)).code, 0);
  assert.deepEqual(await actions(), before);
});

test('a changed text is one error that names the entry, before anything is changed', async () => {
  const before = [await published(), await actions()];
  const changed = FIRST.replace('Nutzungsbedingungen', 'AGB').replace('/de/terms', '/agb');
  const file = written('changed.yaml', `groups:\n  new: {}\n${changed}`);
  for (const verb of ['plan', 'apply']) {
    const { code, stderr } = await config(verb, file);
    assert.equal(code, 1);
    assert.match(stderr, /changed\.yaml:9:5: texts\.terms\/2026-11\/de: title, url: .*another version/);
    assert.equal(stderr.trim().split('\n').length, 1);
  }
  assert.deepEqual([await published(), await actions()], before);
});

test('texts that cannot be are refused with their place', async () => {
  const entry = (key: string, more = '') => `  ${key}: { title: T, url: "https://example.com/"${more} }\n`;
  for (const [entries, message] of [
    [entry('terms/3'), /:2:3: texts\.terms\/3: must be kind\/version\/language, such as/],
    [entry('terms/3/DE-at'), /:2:3: texts\.terms\/3\/DE-at: the language must be written de-AT/],
    [entry('terms/3/en-a'), /:2:3: texts\.terms\/3\/en-a: must be kind\/version\/language, such as/],
    [
      entry('terms/3/en') + entry('terms/3/de', ', ask_again: false'),
      /:3:\d+: .*de\.ask_again: must be .* terms\/3\/en/,
    ],
    [
      entry('terms/3/en') + entry('terms/3/de', ', effective_from: 2026-11-01T08:00:00Z'),
      /:3:\d+: .*de\.effective_from: must be .* terms\/3\/en/,
    ],
    [entry('terms/3/en', ', effective_from: 2026-12-31T23:59:60Z'), /:2:\d+: .*effective_from.*leap second/],
    ['  terms/3/en: { title: T, url: "https://" }\n', /:2:\d+: .*url.*must be an http or https URL/],
  ] as const) {
    const { code, stderr } = await config('plan', written('bad.yaml', `texts:\n${entries}`));
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});

test('a text that leaves the file stays, and the plan says nothing', async () => {
  const file = written('fewer.yaml', FIRST.replace(/ {2}privacy.*\n/, ''));
  const { code, json } = await config('plan', file);
  assert.deepEqual([code, json.steps], [0, []]);
  assert.equal((await config('apply', file)).code, 0);
  assert.equal((await published()).length, 3);
});

test('what is exported changes nothing; a withdrawn version is not in it, and the file does not publish it again', async () => {
  const newer = ['--text-version', '2', '--language', 'en', '--title', 'Privacy', '--url', 'https://example.com/2'];
  const publish = ['privacy', 'publish-text', '--kind', 'privacy', ...newer];
  const planned = await cardea([...publish, '--effective-from', '2999-12-01', '--dry-run', '--json']);
  assert.equal(planned.json.effective_from, '2999-12-01T00:00:00.000Z', planned.stderr);
  assert.equal((await cardea([...publish, '--effective-from', 'soon'])).code, 2);
  assert.equal((await cardea(publish)).code, 0);
  const file = join(folder, 'exported.yaml');
  assert.equal((await cardea(['config', 'export', file])).code, 0);
  const { texts } = parse(readFileSync(file, 'utf8'));
  assert.deepEqual(Object.keys(texts).sort(), ['privacy/1/en', 'privacy/2/en', 'terms/2026-11/de', 'terms/2026-11/en']);
  assert.deepEqual([texts['privacy/1/en'].ask_again, texts['privacy/2/en'].ask_again], [false, undefined]);
  const same = await config('plan', file);
  assert.deepEqual([same.json.steps, same.json.withdrawn, same.stderr], [[], [], '']);

  const withdrawing = ['privacy', 'withdraw-text', '--kind', 'terms', '--text-version', '2026-11'];
  assert.equal((await cardea(withdrawing)).code, 0);
  const keys = ['texts.terms/2026-11/de', 'texts.terms/2026-11/en'];
  for (const verb of ['plan', 'apply']) {
    const { code, json, stderr } = await config(verb, file);
    assert.deepEqual([code, json.steps, json.withdrawn.toSorted()], [0, [], keys], verb);
    assert.ok(stderr.trim().split('\n').length === 1 && keys.every((key) => stderr.includes(key)), stderr);
  }
  const withdrawn = (await published()).filter((one) => one.withdrawn_at !== undefined);
  assert.deepEqual(withdrawn.map(({ language }) => language).sort(), ['de', 'en']);
  assert.equal((await cardea(['config', 'export', file])).code, 0);
  assert.deepEqual(Object.keys(parse(readFileSync(file, 'utf8')).texts).sort(), ['privacy/1/en', 'privacy/2/en']);
});
