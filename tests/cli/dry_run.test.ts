import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../server/cli/main.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** Every verb of the command line has a dry run, or stands here; and all are in ops/docs/commands.md. */

const READS = 'it changes nothing';
const FILE = 'it writes a file alone, which another name spares';

const WITHOUT_DRY_RUN: Readonly<Record<string, string>> = {
  'audit check-proof': READS,
  'audit consistency': READS,
  'audit dead-letters list': READS,
  'audit dead-letters show': READS,
  'audit destinations list': READS,
  'audit destinations show': READS,
  'audit export': READS,
  'audit heads': READS,
  'audit keys': READS,
  'audit list': READS,
  'audit prove': READS,
  'audit show': READS,
  'audit verify': READS,
  'backup create': 'it writes a file alone, and removes old ones by the settings',
  'backup keygen': FILE,
  'backup list': READS,
  'backup status': READS,
  'backup verify': READS,
  'clients list': READS,
  'clients show': READS,
  'config check': READS,
  'config export': FILE,
  'config plan': READS,
  'config show': READS,
  'conformance list': READS,
  'conformance seed': 'for development alone',
  'deliveries list': READS,
  'deliveries show': READS,
  doctor: READS,
  'grants list': READS,
  'grants show': READS,
  'groups list': READS,
  'groups show': READS,
  'issuer show': READS,
  'keys list': READS,
  'lockouts list': READS,
  'mail list': READS,
  'mail show': READS,
  'mail test': 'to send is all that it does',
  'master-key new': READS,
  'migrate status': READS,
  'passwords blocklist build': FILE,
  'passwords blocklist check': READS,
  'passwords status': READS,
  'privacy report': READS,
  'privacy texts': READS,
  'registration token list': READS,
  'registration token show': READS,
  'resources list': READS,
  'resources show': READS,
  'roles list': READS,
  'roles show': READS,
  'secrets list': READS,
  'sessions list': READS,
  'sessions show': READS,
  'users data-export': READS,
  'users events': READS,
  'users export': READS,
  'users factors': READS,
  'users grants': READS,
  'users inactive': READS,
  'users list': READS,
  'users sessions': READS,
  'users show': READS,
};

const host = {
  env: {},
  stdin: Readable.from([]),
  stdout: new Writable(),
  stderr: new Writable(),
  once() {},
  off() {},
};

function verbsOf(command: Command, words: readonly string[] = []): { name: string; verb: Command }[] {
  if (command.commands.length === 0) return [{ name: words.join(' '), verb: command }];
  return command.commands.flatMap((one) => verbsOf(one, [...words, one.name()]));
}

const verbs: { name: string; verb: Command }[] = [];
for (const noun of (await createProgram([], host)).commands.map((one) => one.name())) {
  const program = await createProgram([noun], host);
  const command = program.commands.find((one) => one.name() === noun) ?? assert.fail(noun);
  verbs.push(...verbsOf(command, [noun]));
}

/** `clients create\|list [--all]` are two: the words before the arguments, the last of which may be one of several. */
function namesIn(code: string): string[] {
  const [words = ''] = /^[a-z|\\ -]*[a-z]/.exec(code.replace(/ (?=[A-Z[-]).*/, '')) ?? [];
  const before = words.split(' ').slice(0, -1);
  const last = words.split(' ').at(-1) ?? '';
  return last.split('\\|').map((one) => [...before, one].join(' '));
}

test('every verb that changes something has a dry run', () => {
  const without = verbs.filter(({ verb }) => !verb.options.some(({ long }) => long === '--dry-run'));
  assert.deepEqual(without.map(({ name }) => name).toSorted(), Object.keys(WITHOUT_DRY_RUN));
});

test('every verb is in the table of ops/docs/commands.md, which has no other', () => {
  const rows = readFileSync(join(ROOT, 'ops/docs/commands.md'), 'utf8').match(/^\| `.*? \| /gm) ?? [];
  const told = rows.flatMap((row) => Array.from(row.matchAll(/`([^`]+)`/g), ([, code = '']) => namesIn(code)).flat());
  const has = (name: string, prefix: string) => name === prefix || name.startsWith(`${prefix} `);
  const names = verbs.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !told.some((prefix) => has(name, prefix))),
    [],
    'add them to the table',
  );
  assert.deepEqual(
    told.filter((prefix) => !names.some((name) => has(name, prefix))),
    [],
  );
});
