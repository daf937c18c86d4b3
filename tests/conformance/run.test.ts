import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, describe, test } from 'node:test';
import { listen } from '../helpers/ssrf_cases.ts';
import expected from './expected.json' with { type: 'json' };
import { deviations, type Expectation, explain } from './expected.ts';
import { type Help, namesOf, type Outcome, runModule } from './module_run.ts';
import { choosePlans, needsCertificates, readPlans } from './plans.ts';
import { type ModuleOfPlan, suiteAt } from './suite.ts';

/** What run.ts does apart from the suite; the suite itself is not part of `make test`. */

const outcome = (module: string, result: string, more: Partial<Outcome> = {}): Outcome => ({
  plan: 'basic',
  module,
  id: 'i',
  result,
  conditions: [],
  messages: [],
  seconds: 1,
  ...more,
});

/** A suite with one run, whose states come one after the other. */
const suiteStates: string[] = [];
const calls: string[] = [];
let visits: string[] = [];
let found = 'PASSED';
/** How many more times the stored status is an old one. */
let lag = 0;
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://suite');
  const asked = `${request.method} ${pathname}`;
  const [state = ''] = suiteStates.length > 1 ? suiteStates.splice(0, 1) : suiteStates;
  const answers: Readonly<Record<string, unknown>> = {
    'POST /api/runner': { id: 'run' },
    'GET /api/runner/run/wait-state': { state },
    'GET /api/runner/run': { updated: state, browser: { urls: visits } },
    'POST /api/runner/run': {},
    'DELETE /api/runner/run': {},
    'POST /api/runner/browser/run/visit': undefined,
    'GET /api/info/run': lag > 0 ? { status: 'WAITING', result: 'UNKNOWN' } : { status: state, result: found },
    'GET /api/log/run': [
      { src: 'One', msg: 'fine', result: 'SUCCESS' },
      { src: 'Two', msg: 'strange', result: 'WARNING' },
    ],
  };
  if (pathname === '/api/info/run' && lag > 0) lag -= 1;
  if (request.method !== 'GET') calls.push(searchParams.size > 0 ? `${asked}?${searchParams}` : asked);
  if (!(asked in answers)) response.writeHead(404);
  const answer = answers[asked];
  response.setHeader('content-type', 'application/json').end(answer === undefined ? '' : JSON.stringify(answer));
});
const suite = suiteAt(`http://127.0.0.1:${await listen({ after }, server, '127.0.0.1')}`);

async function run(states: readonly string[], testModule = 'oidcc-server', idleMs = 60_000) {
  suiteStates.splice(0, Infinity, ...states);
  calls.length = 0;
  const helped: string[] = [];
  const help: Help = {
    beforeStart: async () => void helped.push('beforeStart'),
    visit: async (url) => void helped.push(`visit ${url}`),
    afterwards: async () => void helped.push('afterwards'),
  };
  const module: ModuleOfPlan = { testModule, variant: { response_type: 'code' } };
  const patience = { moduleMs: 60_000, idleMs, pollMs: 1 };
  const result = await runModule(suite, { name: 'basic', id: 'p' }, module, testModule, help, patience);
  return { result, helped, calls: [...calls] };
}

describe('the table of expected results', () => {
  const table: Expectation[] = [
    { module: 'looked-at', result: 'REVIEW', why: 'a picture' },
    { module: 'warns', plans: ['hybrid'], result: 'WARNING', conditions: ['B', 'A'], why: 'on purpose' },
    { module: 'varied[response_type=code]', result: 'SKIPPED', why: 'not offered' },
  ];

  test('what no row mentions has to pass, and a row is only for its plans and its variant', () => {
    const good = [
      outcome('passes', 'PASSED'),
      outcome('looked-at[response_type=code]', 'REVIEW'),
      outcome('warns', 'WARNING', { plan: 'hybrid', conditions: ['A', 'B'] }),
      outcome('varied[response_type=code]', 'SKIPPED'),
    ];
    assert.deepEqual(deviations(good, table), []);
    const bad = [
      outcome('passes', 'WARNING'),
      outcome('warns', 'WARNING', { conditions: ['A', 'B'] }),
      outcome('warns', 'WARNING', { plan: 'hybrid', conditions: ['A', 'C'] }),
      outcome('varied[response_type=id_token]', 'SKIPPED'),
      outcome('looked-at', 'TIMEOUT'),
    ];
    assert.deepEqual(
      deviations(bad, table).map(({ module, result }) => [module, result]),
      bad.map(({ module, result }) => [module, result]),
    );
  });

  test('a listed module that passes is a deviation, and the line says which row to remove', () => {
    const [one] = deviations([outcome('looked-at', 'PASSED')], table);
    assert.match(explain(one ?? assert.fail()), /basic looked-at: PASSED, .*expected\.json/);
  });

  test('each row of expected.json has a reason, a result other than PASSED, and plans that exist', () => {
    const plans = readPlans().map(({ name }) => name);
    for (const row of expected as readonly Expectation[]) {
      assert.ok(row.why.length > 10 && row.result !== 'PASSED', JSON.stringify(row));
      assert.ok(
        (row.plans ?? []).every((plan) => plans.includes(plan)),
        JSON.stringify(row),
      );
      assert.equal(row.conditions !== undefined, ['WARNING', 'FAILED', 'INTERRUPTED'].includes(row.result), row.module);
    }
  });
});

describe('plans', () => {
  test('are chosen by name or all, and grouped by the profile that they need', () => {
    const plans = readPlans();
    assert.equal([...choosePlans('all', plans).values()].flat().length, plans.length);
    const chosen = choosePlans('basic,fapi2-message-signing,config', plans);
    assert.deepEqual(
      [...chosen].map(([profile, some]) => [profile, some.map(({ name }) => name)]),
      [
        ['oidc', ['basic', 'config']],
        ['fapi2', ['fapi2-message-signing']],
      ],
    );
    assert.throws(() => choosePlans('basic,nothing', plans), /nothing/);
  });

  test('need certificates where a client authenticates with one or binds tokens to one (RFC 8705)', () => {
    const needing = readPlans().filter(needsCertificates);
    assert.deepEqual(needing.map(({ name }) => name).sort(), ['ciba', 'ciba-ping', 'fapi2-security-profile-mtls']);
  });

  test('name modules with the parts of the variant in which they differ', () => {
    const modules = [
      { testModule: 'a', variant: { response_type: 'code', server: 'same' } },
      { testModule: 'a', variant: { response_type: 'id_token', server: 'same' } },
      { testModule: 'b', variant: null },
    ];
    assert.deepEqual(namesOf(modules), [
      'a[response_type=code][server=same]',
      'a[response_type=id_token][server=same]',
      'b',
    ]);
    assert.deepEqual(namesOf(modules.slice(0, 2)), ['a[response_type=code]', 'a[response_type=id_token]']);
  });
});

describe('a module', () => {
  test('is created with its variant, and ends with its result and the conditions that complained', async () => {
    const { result, helped, calls: made } = await run(['RUNNING', 'RUNNING', 'FINISHED']);
    assert.deepEqual(
      [result.result, result.conditions, result.messages],
      ['PASSED', ['Two'], ['WARNING Two: strange']],
    );
    assert.deepEqual(helped, ['afterwards']);
    const query = new URLSearchParams({ test: 'oidcc-server', plan: 'p', variant: '{"response_type":"code"}' });
    assert.deepEqual(made, [`POST /api/runner?${query}`]);
  });

  test('that waits for new keys is started when they are there; others start by themselves', async () => {
    const { helped, calls: made } = await run(
      ['CONFIGURED', 'CONFIGURED', 'CONFIGURED', 'FINISHED'],
      'oidcc-server-rotate-keys',
    );
    assert.deepEqual([helped, made.slice(1)], [['beforeStart', 'afterwards'], ['POST /api/runner/run']]);
    assert.deepEqual((await run(['CONFIGURED', 'CONFIGURED', 'FINISHED'])).helped, ['afterwards']);
  });

  test('that wants a URL visited gets it once, and is told so', async () => {
    visits = ['https://rp.example.com/start'];
    const { helped, calls: made } = await run(['WAITING', 'WAITING', 'WAITING', 'WAITING', 'FINISHED']);
    visits = [];
    assert.deepEqual(helped, ['visit https://rp.example.com/start', 'afterwards']);
    assert.equal(made.filter((one) => one.includes('/visit')).length, 1);
  });

  test('for which nobody comes is cancelled with the last line of its log', async () => {
    const { result, calls: made } = await run(['WAITING'], 'oidcc-server', 20);
    assert.deepEqual([result.result, made.at(-1)], ['TIMEOUT', 'DELETE /api/runner/run']);
    assert.match(result.messages[0] ?? '', /Two: strange/);
  });

  test('has the result that the suite has stored in the end', async () => {
    lag = 3;
    assert.equal((await run(['RUNNING', 'RUNNING', 'FINISHED'])).result.result, 'PASSED');
  });

  test('that the suite stops is no success', async () => {
    found = 'UNKNOWN';
    const { result } = await run(['RUNNING', 'RUNNING', 'INTERRUPTED']);
    found = 'PASSED';
    assert.equal(result.result, 'INTERRUPTED');
  });
});
