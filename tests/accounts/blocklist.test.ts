import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { buildBlocklist, openBlocklist } from '../../server/accounts/blocklist.ts';
import { bloomSize, createBloomBuilder, openBloomFilter } from '../../server/accounts/bloom.ts';

const UNREADABLE = { code: 'blocklist_unreadable', status: 500 };
const sha1 = (text: string) => createHash('sha1').update(text).digest();

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-blocklist-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('a Bloom filter', () => {
  test('finds everything that was added, at any rate and size (property)', async (t) => {
    const folder = folderOf(t);
    let file = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(200), fc.nat(), fc.constantFrom(0.5, 0.1, 0.001, 1e-9), async (size, seed, rate) => {
        // A filter contains digests only, so the words can be short.
        const words = Array.from({ length: size }, (_, n) => `${seed} ${n}`);
        const builder = createBloomBuilder(words.length, rate);
        for (const word of words) builder.add(sha1(word));
        const path = join(folder, String(++file));
        await builder.write(path);
        const filter = await openBloomFilter(path);
        try {
          for (const word of words) assert.equal(await filter.has(sha1(word)), true);
        } finally {
          await filter.close();
        }
      }),
      { numRuns: 40 },
    );
  });

  for (const [rate, tries] of [
    [0.01, 5_000],
    [0.001, 20_000],
  ] as const) {
    test(`has at most twice the requested rate of false positives (${rate})`, async (t) => {
      const entries = 10_000;
      const path = join(folderOf(t), 'bloom');
      const builder = createBloomBuilder(entries, rate);
      for (let i = 0; i < entries; i += 1) builder.add(sha1(`in ${i}`));
      await builder.write(path);
      assert.equal(readFileSync(path).length, bloomSize(entries, rate));
      const filter = await openBloomFilter(path);
      t.after(() => filter.close());
      let wrong = 0;
      for (let i = 0; i < tries; i += 1) if (await filter.has(sha1(`out ${i}`))) wrong += 1;
      t.diagnostic(`${wrong} of ${tries}`);
      assert.ok(wrong / tries < 2 * rate, `${wrong} of ${tries}`);
      assert.ok(wrong / tries > rate / 4, `${wrong} of ${tries}: the filter is larger than necessary`);
    });
  }

  test('that is damaged is refused, wherever the damage is', async (t) => {
    const path = join(folderOf(t), 'bloom');
    const builder = createBloomBuilder(10, 0.001);
    builder.add(sha1('x'));
    await builder.write(path);
    const whole = readFileSync(path);
    const flipped = (at: number) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      return bytes;
    };
    const damages: Readonly<Record<string, Buffer>> = {
      'the magic': flipped(12),
      'the body': flipped(whole.length - 7),
      'the end': whole.subarray(0, whole.length - 1),
      'all but the header': whole.subarray(0, 4_096),
      'nothing at all': Buffer.alloc(0),
      'something else': randomBytes(10_000),
      'another version': Buffer.from(whole.toString('latin1').replace('"version":1', '"version":2'), 'latin1'),
      'no blocks': Buffer.from(whole.toString('latin1').replace('"blocks":1', '"blocks":0'), 'latin1'),
    };
    for (const [what, bytes] of Object.entries(damages)) {
      writeFileSync(path, bytes);
      await assert.rejects(openBloomFilter(path), UNREADABLE, what);
    }
    writeFileSync(path, whole);
    const filter = await openBloomFilter(path);
    t.after(() => filter.close());
    truncateSync(path, 4_096); // the file changes while it is read
    await assert.rejects(filter.has(sha1('x')), UNREADABLE);
  });
});

describe('a blocklist', () => {
  test('is built from passwords, one a line, and finds them unchanged', async (t) => {
    const folder = folderOf(t);
    const [list, out] = [join(folder, 'list'), join(folder, 'out')];
    writeFileSync(list, 'Kestrel-71-ab\r\n\nFjörd 7 Kestrel\n last line without end ');
    const seen: number[] = [];
    const header = await buildBlocklist(list, {
      out,
      sha1: false,
      falsePositives: 0.001,
      onProgress: (done, total) => seen.push(done, total),
    });
    assert.equal(header.entries, 3);
    assert.deepEqual(seen.slice(-2), [3, 3]);
    assert.deepEqual(readdirSync(folder).sort(), ['list', 'out']);
    const blocklist = await openBlocklist(out);
    t.after(() => blocklist.close());
    const verdicts = ['Kestrel-71-ab', 'Fjörd 7 Kestrel', ' last line without end ', 'kestrel-71-ab', 'Password1234!'];
    assert.deepEqual(await Promise.all(verdicts.map((one) => blocklist.has(one))), [true, true, true, false, false]);
  });

  test('is built from SHA-1 digests with or without counts, as Have I Been Pwned publishes them', async (t) => {
    const folder = folderOf(t);
    const [list, out] = [join(folder, 'list'), join(folder, 'out')];
    const line = (password: string) => sha1(password).toString('hex').toUpperCase();
    writeFileSync(list, `${line('one')}:17\n${line('two').toLowerCase()}\n${line('padding')}:0\n`);
    const header = await buildBlocklist(list, { out, sha1: true, falsePositives: 0.0001 });
    assert.equal(header.entries, 2);
    const blocklist = await openBlocklist(out);
    t.after(() => blocklist.close());
    assert.deepEqual(await Promise.all(['one', 'two', 'padding'].map((one) => blocklist.has(one))), [
      true,
      true,
      false,
    ]);
    writeFileSync(list, `${line('one')}:17\n\nnot a digest\n`);
    await assert.rejects(buildBlocklist(list, { out, sha1: true, falsePositives: 0.1 }), {
      code: 'blocklist_line',
      message: /^line 3 /,
    });
    assert.deepEqual(readdirSync(folder).sort(), ['list', 'out']);
  });

  for (const [what, ending, change] of [
    ['as they are downloaded', '.txt', (text: string) => text],
    [
      'without an ending, in lower case, with line ends of Windows',
      '',
      (text: string) => text.toLowerCase().replaceAll('\n', '\r\n'),
    ],
  ] as const) {
    test(`reads SHA-1 prefix files ${what}`, async (t) => {
      const folder = folderOf(t);
      const hex = sha1('Kestrel-71-ab').toString('hex').toUpperCase();
      const padding = sha1('padding').toString('hex').toUpperCase();
      writeFileSync(
        join(folder, `${hex.slice(0, 5)}${ending}`),
        change(`${'0'.repeat(35)}:3\n${hex.slice(5)}:12\n${'F'.repeat(35)}:1\n`),
      );
      writeFileSync(join(folder, `${padding.slice(0, 5)}${ending}`), change(`${padding.slice(5)}:0\n`));
      mkdirSync(join(folder, 'notes'));
      const blocklist = await openBlocklist(folder);
      t.after(() => blocklist.close());
      assert.equal(await blocklist.has('Kestrel-71-ab'), true);
      assert.equal(await blocklist.has('Kestrel-71-ac'), false);
      assert.equal(await blocklist.has('padding'), false);
    });
  }

  test('that is missing, a folder without prefix files, or unreadable is refused at start', async (t) => {
    const folder = folderOf(t);
    await assert.rejects(openBlocklist(join(folder, 'missing')), UNREADABLE);
    await assert.rejects(openBlocklist(folder), UNREADABLE);
    writeFileSync(join(folder, 'text'), 'password\n');
    await assert.rejects(openBlocklist(join(folder, 'text')), UNREADABLE);
    if (process.getuid?.() !== 0) {
      chmodSync(join(folder, 'text'), 0);
      await assert.rejects(openBlocklist(join(folder, 'text')), UNREADABLE);
    }
  });
});
