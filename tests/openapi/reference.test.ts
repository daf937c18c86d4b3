import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ERROR_TEXTS } from '../../server/platform/error_texts.ts';
import { ERROR_CODES } from '../../server/platform/problems.ts';
import { proseOf } from '../../server/reference/prose.ts';
import { rowOf, viewsOf } from '../../server/reference/schema_rows.ts';
import { deployment } from '../helpers/deployment.ts';
import { documentOf, textOf } from '../helpers/html.ts';
import { send } from '../security/wire.ts';

/** The reference of the API, and the page of each error code, as the server of an issuer with a path sends them. */

const scope = { after };
const app = await deployment(scope, { basePath: '/auth' });

async function open(path: string) {
  const response = await fetch(`${app.issuer}${path}`, { headers: { accept: 'text/html' } });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Reads the body too: one that nobody reads keeps its connection. */
async function statusOf(url: string | URL, init?: RequestInit): Promise<number> {
  const response = await fetch(url, init);
  await response.arrayBuffer();
  return response.status;
}

const linksOf = (page: { body: string }, selector: string) =>
  documentOf(page)
    .querySelectorAll(selector)
    .map((link) => link.getAttribute('href') ?? '');

test('the type of every problem resolves to a page that says what happened and what to do', async () => {
  for (const code of ERROR_CODES) {
    const page = await open(`/problems/${code}`);
    assert.equal(page.status, 200, code);
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    assert.equal(textOf(page, 'h1'), code);
    assert.equal(textOf(page, '#remedy'), ERROR_TEXTS[code].remedy);
  }
  const { body } = await send(new URL(app.issuer).origin, { target: '/auth/api/v1/nowhere' });
  const { type } = JSON.parse(body) as { type: string };
  assert.equal(type, `${app.issuer}/problems/not_found`);
  assert.equal(await statusOf(type), 200);
});

test('all error codes are listed, and an unknown one is 404', async () => {
  const links = linksOf(await open('/problems'), 'main li > a');
  assert.deepEqual(
    links,
    ERROR_CODES.map((code) => `/auth/problems/${code}`),
  );
  for (const code of ['unknown', 'constructor', '%00', 'a'.repeat(200)])
    assert.equal((await open(`/problems/${code}`)).status, 404, code);
});

test('the reference links each description and its document, and shows each operation once', async () => {
  const page = await open('/api/docs');
  assert.equal(page.status, 200);
  const document = (await (await fetch(`${app.issuer}/openapi.json`)).json()) as { paths: Record<string, object> };
  const oauth = await open('/api/docs?document=oauth');
  const operations = documentOf(oauth)
    .querySelectorAll('.operation summary code')
    .map(({ textContent }) => textContent.split(' ')[1]);
  assert.deepEqual([...new Set(operations)].toSorted(), Object.keys(document.paths).toSorted());
  const files = linksOf(page, 'main nav a').filter((href) => href.endsWith('.json'));
  assert.ok(files.includes('/auth/openapi.json'));
  for (const file of files) assert.equal(await statusOf(new URL(file, app.issuer)), 200, file);
  assert.equal((await open('/api/docs?document=unknown')).status, 404);
});

test('each reference of the page to another place of it leads somewhere', async () => {
  const page = await open('/api/docs?document=oauth');
  const ids = documentOf(page)
    .querySelectorAll('[id]')
    .map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'an id is there twice');
  const wanted = linksOf(page, 'a[href^="#"]').map((href) => href.slice(1));
  assert.ok(wanted.length > 20);
  assert.deepEqual(
    wanted.filter((id) => !ids.includes(id)),
    [],
  );
});

test('a search finds operations by their words, without a script', async () => {
  const page = await open('/api/docs?q=REVOKE+rfc+7009');
  assert.deepEqual(linksOf(page, '#found a'), ['/auth/api/docs?document=oauth#revoke']);
  assert.equal(linksOf(await open('/api/docs?q=no+such+word'), '#found a').length, 0);
  const long = 'x'.repeat(300);
  assert.ok(!(await open(`/api/docs?q=${long}`)).body.includes(long));
  assert.equal((await open('/api/docs?q=a&q=b')).status, 200);
});

test('the reference accepts a browser only: errors of it are problems', async () => {
  assert.equal(await statusOf(`${app.issuer}/api/docs`, { headers: { accept: 'application/json' } }), 406);
  assert.equal(await statusOf(`${app.issuer}/api/docs`, { method: 'POST' }), 405);
});

test('a schema is shown member by member, with its alternatives, references and rules', () => {
  const document = { openapi: '3.1.1', info: { title: '', version: '' }, paths: {} };
  const [first, second, ...others] = viewsOf(document, {
    oneOf: [
      {
        type: 'object',
        title: 'One',
        properties: {
          id: { type: 'string', format: 'uuid', minLength: 1, description: 'The id.' },
          tags: { type: 'array', items: { type: 'object', properties: { name: { enum: ['a', 'b'] } } } },
          of: { $ref: '#/components/schemas/Other' },
          all: { type: 'array', items: { $ref: '#/components/schemas/Other' } },
          any: {},
        },
        required: ['id'],
      },
      { allOf: [{ type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] }], type: 'object' },
    ],
  });
  assert.deepEqual(others, []);
  assert.deepEqual(
    first?.rows.map(({ name, type, ref, required, rules }) => [name, type, ref, required, ...rules]),
    [
      ['id', 'string (uuid)', undefined, true, 'at least 1 characters'],
      ['tags', 'array of object', undefined, false],
      ['tags[].name', 'any value', undefined, false, 'one of "a", "b"'],
      ['of', 'Other', 'Other', false],
      ['all', 'array of Other', 'Other', false],
      ['any', 'any value', undefined, false],
    ],
  );
  assert.deepEqual(
    second?.rows.map(({ name, required }) => [name, required]),
    [['a', true]],
  );
  assert.equal(rowOf(document, { name: 'n', description: 'From the parameter.' }).description, 'From the parameter.');
});

test('a description has paragraphs, lists and code', () => {
  assert.deepEqual(proseOf('One `a`\nline.\n\n- `b`\n- c'), [
    {
      kind: 'paragraph',
      parts: [
        { text: 'One ', isCode: false },
        { text: 'a', isCode: true },
        { text: ' line.', isCode: false },
      ],
    },
    { kind: 'list', items: [[{ text: 'b', isCode: true }], [{ text: 'c', isCode: false }]] },
  ]);
  assert.deepEqual(proseOf(''), []);
});
