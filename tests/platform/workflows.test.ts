import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from '../helpers/artifacts.ts';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
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

const [release] = WORKFLOWS.filter(({ file }) => file.endsWith('/release.yml'));
const published = release?.workflow.jobs.image?.steps ?? [];
const usesOf = (action: string) => published.filter(({ uses }) => uses?.startsWith(`${action}@`));
/** The expression of a workflow for what a step has found. */
const output = (step: string | undefined, name: string) => `\${{ steps.${step}.outputs.${name} }}`;

test('a published image is built with a value for each argument of its Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'ops/Dockerfile'), 'utf8');
  const declared = [...dockerfile.matchAll(/^ARG (\w+)/gm)].map(([, name]) => name);
  const [build] = usesOf('docker/build-push-action');
  const given = String(build?.with?.['build-args'] ?? '')
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [line.split('=', 2) as [string, string]]));
  assert.deepEqual(given.map(([name]) => name).sort(), declared.sort());
  for (const [name, value] of given) assert.match(value, /^\$\{\{ [\w.]+ \}\}$/, name);
  // The base is the one of the Dockerfile, with the digest that its registry gives.
  const naming = published.find(({ id }) => id === 'image')?.run ?? '';
  assert.ok(naming.includes("base=$(sed -n 's/^ARG NODE_IMAGE=//p' ops/Dockerfile)"));
  assert.ok(naming.includes('digest=$(docker buildx imagetools inspect "$base"'));
  assert.match(naming, /node=\$base@\$\{digest:\?\}/);
});

test('the image that is published is the one that was scanned and signed, and has a tag only then', () => {
  const builds = usesOf('docker/build-push-action');
  const [build] = builds;
  assert.equal(builds.length, 1, 'a second build may be another image');
  assert.equal(build?.with?.tags, undefined);
  assert.match(String(build?.with?.outputs), /push-by-digest=true.*push=true/);
  assert.equal(build?.with?.sbom, true);
  const name = output('image', 'name');
  const digest = output(build?.id, 'digest');
  const pushed = `${name}@${digest}`;
  const [scan] = usesOf('aquasecurity/trivy-action');
  assert.deepEqual([scan?.with?.['image-ref'], scan?.with?.['exit-code']], [pushed, '1']);
  const sign = published.find(({ run }) => run?.startsWith('cosign sign '));
  assert.equal(sign?.env?.IMAGE, pushed);
  const [attest] = usesOf('actions/attest-build-provenance');
  assert.deepEqual([attest?.with?.['subject-name'], attest?.with?.['subject-digest']], [name, digest]);
  const tag = published.find(({ run }) => run?.includes('imagetools create'));
  assert.ok(tag?.run?.includes('--tag "$NAME:$GITHUB_REF_NAME" "$NAME@$DIGEST"'));
  assert.deepEqual(tag?.env, { NAME: name, DIGEST: digest });
  const order = [build, scan, sign, attest, tag].map((step) => (step ? published.indexOf(step) : -1));
  assert.deepEqual(
    order,
    [...order].sort((one, other) => one - other),
  );
});
