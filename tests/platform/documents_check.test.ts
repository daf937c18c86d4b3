import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchorsOf, codeBlocksOf, documents, faultOf, faultsOf, linksOf } from '../documents_check.ts';

/** The check of `make check` on documents: that it finds what is wrong in a link or a code block. */

const reader = (files: Readonly<Record<string, string>>) => (file: string) => files[file];

test('finds a link to a file or a heading that is not there, and takes those that are', () => {
  const files = {
    'a/one.md': '# One\n[two](two.md#the-second) [self](#one) [out](https://example.com/#x) `[code](none.md)`\n',
    'a/two.md': '## The `second`\n',
    'a/lost.md': '[gone](gone.md)\n\n[no heading](two.md#third) ![](../b/x.png)\n',
    'b/x.png': '',
  };
  assert.deepEqual(faultsOf('a/one.md', reader(files)), []);
  assert.deepEqual(faultsOf('a/lost.md', reader(files)), [
    'a/lost.md:1: there is no file a/gone.md',
    'a/lost.md:3: a/two.md has no heading #third',
  ]);
});

test('names headings as links do: marks are left out, and equal ones are numbered', () => {
  const anchors = anchorsOf('# A `b` *c*\n## [Same](x.md)\n## Same\n```\n# no heading\n```\n<a id="own"></a>\n');
  assert.deepEqual([...anchors], ['a-b-c', 'same', 'same-1', 'own']);
});

test('reads code blocks with their language and line, also one that is not closed', () => {
  assert.deepEqual(codeBlocksOf('x\n```sh title\necho\n```\n````\n```\n````\n```js\n'), [
    { language: 'sh', code: 'echo', line: 3 },
    { language: '', code: '```', line: 6 },
    { language: 'not closed', code: '', line: 9 },
  ]);
  assert.deepEqual(linksOf('```\n[a](b)\n```\n[c](<d>)'), [{ href: 'd', line: 4 }]);
});

for (const [language, right, wrong] of [
  ['sh', 'for i in 1 2; do echo "$i"; done', 'for i in 1 2; echo "$i"; done'],
  ['console', '$ echo \\\n  one\n(not a command', '$ echo "one\nno end'],
  ['json', '{"a":[1]}', '{a:1}'],
  ['yaml', 'a: [1]\n---\nb: 2', 'a: [1'],
  ['ts', 'const a: number = 1;', 'const a: = 1;'],
  ['js', 'await a();', 'const a: number = 1;'],
] as const) {
  test(`finds a mistake in a code block of ${language}`, () => {
    assert.equal(faultOf({ language, code: right }), undefined);
    assert.notEqual(faultOf({ language, code: wrong }), undefined);
  });
}

test('refuses a language that has no check', () => {
  assert.match(faultOf({ language: 'cobol', code: '' }) ?? '', /no check is known/);
});

test('the documents of the repository are checked, and have no faults', () => {
  const all = documents();
  for (const file of ['README.md', 'CONTRIBUTING.md', 'ops/docs/audit.md', 'ops/examples/mcp-server/README.md'])
    assert.ok(all.includes(file), file);
  assert.deepEqual(
    all.flatMap((file) => faultsOf(file)),
    [],
  );
});
