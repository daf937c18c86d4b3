import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from '../helpers/artifacts.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly 'timeout-minutes'?: number;
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** `make audit` looks at them with actionlint and zizmor as well, which need Go and Python. */
const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT }).map((file) => {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return { file, text, workflow: parse(text) as Workflow };
});
const ACTION = /^\s*(?:- )?uses: *(\S+)@(\S+)(.*)$/gm;

test('every action is pinned by its full commit, the same one everywhere, and has its version beside it', () => {
  const pinned = new Map<string, string>();
  assert.ok(WORKFLOWS.length > 0);
  for (const { file, text } of WORKFLOWS) {
    for (const [line, action = '', commit = '', comment = ''] of text.matchAll(ACTION)) {
      assert.match(commit, /^[0-9a-f]{40}$/, `${file}: ${line}`);
      assert.match(comment, /^ # v\d+\.\d+\.\d+$/, `${file}: ${line}`);
      assert.equal(pinned.get(action) ?? commit, commit, `${file}: ${action} is pinned to two commits`);
      pinned.set(action, commit);
    }
  }
});

test('no workflow may write but in jobs that need it, keeps a token in its checkout, or runs foreign code with secrets', () => {
  for (const { file, workflow } of WORKFLOWS) {
    assert.deepEqual(workflow.permissions, { contents: 'read' }, file);
    assert.ok(workflow.concurrency, file);
    assert.ok(!('pull_request_target' in workflow.on), file);
    assert.ok(!('workflow_run' in workflow.on), file);
    for (const [name, job] of Object.entries(workflow.jobs)) {
      assert.ok((job['timeout-minutes'] ?? 0) > 0, `${file}: ${name} has no time limit`);
      for (const { uses, run, with: options } of job.steps) {
        if (uses?.startsWith('actions/checkout@')) assert.equal(options?.['persist-credentials'], false, file);
        // A title or a branch of a stranger would be part of the command; variables of the environment are not.
        assert.doesNotMatch(run ?? '', /\$\{\{/, `${file}: ${name}`);
      }
    }
  }
});

test('every command of make that a workflow runs exists', () => {
  const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8');
  const commands = WORKFLOWS.flatMap(({ text }) => [...text.matchAll(/run: make ([a-z-]+)/g)].map(([, name]) => name));
  assert.ok(commands.includes('test'));
  for (const name of commands) assert.match(makefile, new RegExp(`^${name}:.*## `, 'm'), `make ${name}`);
});
