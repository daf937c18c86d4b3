/**
 * Runs plans of the OpenID Foundation's conformance suite against Cardea; the suite already runs.
 * node tests/conformance/run.ts --suite https://localhost:8443 --plan basic,config|all
 *   [--module oidcc-server,…] [--out FOLDER] [--module-timeout SECONDS] [--json]
 *   [--alias cardea] (another one for each run at the same time)
 * It ends with 0 when every module ends as expected.json says.
 */

import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { parseArgs } from 'node:util';
import { startEmbeddedPostgres } from '../../server/platform/embedded.ts';
import { type Identity, makeIdentity } from '../helpers/certificates.ts';
import { disconnectAdmin, TEST_CLUSTER_SETTINGS } from '../helpers/postgres.ts';
import { createRunFolders } from '../helpers/run_folders.ts';
import { defer, type Scope } from '../helpers/scope.ts';
import { listen } from '../helpers/ssrf_cases.ts';
import { deviations, type Expectation, expectationOf, explain } from './expected.ts';
import { namesOf, type Outcome, type Patience, runModule } from './module_run.ts';
import { choosePlans, needsCertificates, type PlanFile, readPlans } from './plans.ts';
import { type Provider, startProvider, type Visitor } from './provider.ts';
import { type Suite, suiteAt } from './suite.ts';
import { tlsProxy } from './tls_proxy.ts';

const EXPECTED = new URL('./expected.json', import.meta.url);

const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'https://localhost:8443' },
    plan: { type: 'string', default: 'all' },
    module: { type: 'string' },
    alias: { type: 'string', default: 'cardea' },
    out: { type: 'string' },
    'module-timeout': { type: 'string', default: '600' },
    json: { type: 'boolean', default: false },
  },
});

const ends: (() => void | Promise<void>)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };
const say = (line: string) => console.error(line);
const patience: Patience = { moduleMs: Number(values['module-timeout']) * 1_000, idleMs: 100_000, pollMs: 400 };
const chosenModules = values.module?.split(',');
const table = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Expectation[];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say('interrupted: stopping what was started');
    void stop().finally(() => process.exit(130));
  });
}

try {
  const outcomes = await main();
  const wrong = deviations(outcomes, table);
  if (values.json) console.log(JSON.stringify({ outcomes, deviations: wrong }, null, 2));
  else report(outcomes);
  for (const one of wrong) say(explain(one));
  say(`${outcomes.length} modules, ${wrong.length} not as expected`);
  process.exitCode = wrong.length === 0 && outcomes.length > 0 ? 0 : 1;
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  if (error instanceof Error && error.cause) say(String(error.cause));
  process.exitCode = 1;
} finally {
  await stop();
}

async function stop(): Promise<void> {
  for (let end = ends.pop(); end; end = ends.pop()) await end();
}

async function main(): Promise<Outcome[]> {
  const profiles = choosePlans(values.plan, readPlans());
  // With TLS 1.2 FAPI 1.0 permits no cipher suite for a certificate with an EC key.
  const names = [{ type: 'dns', value: 'localhost' }] as const;
  const serving = await makeIdentity({ subject: 'CN=Cardea', key: 'rsa', names });
  const authority = await makeIdentity({ subject: 'CN=Conformance,O=Example', ca: true });
  const trusted = [await certificateOf(values.suite), serving.pem].join('\n');
  setDefaultCACertificates([...getCACertificates('default'), ...trusted.split(/(?<=-----END CERTIFICATE-----)\s*/)]);
  const suite = suiteAt(values.suite);
  const { address: outbound } = await lookup(new URL(values.suite).hostname);
  say(`the suite is ${await suite.version()} at ${suite.url}`);
  const inbound = await tlsProxy(scope, suite.url, serving);

  const folders = createRunFolders();
  defer(scope, () => folders.remove());
  const postgres = await startEmbeddedPostgres({ dataDir: folders.cluster, settings: TEST_CLUSTER_SETTINGS });
  process.env.TEST_POSTGRES_URL = postgres.url;
  defer(scope, disconnectAdmin);

  const outcomes: Outcome[] = [];
  for (const [profile, plans] of profiles) {
    const provider = await startProvider(scope, { profile, serving, authority, trusted, outbound });
    say(`Cardea with CARDEA_PROFILE=${profile} at ${provider.issuer}`);
    for (const plan of plans) outcomes.push(...(await runPlan({ suite, inbound, authority }, provider, plan)));
    if (values.out) writeFileSync(join(values.out, `${values.alias}-${profile}.log`), provider.lines.join('\n'));
    await provider.stop();
  }
  return outcomes;
}

/** What all plans of a run share. */
interface Run {
  readonly suite: Suite;
  /** The address at which Cardea reaches the suite. */
  readonly inbound: string;
  readonly authority: Identity;
}

async function runPlan({ suite, inbound, authority }: Run, provider: Provider, plan: PlanFile): Promise<Outcome[]> {
  const seeded = await provider.seed(plan.name, { suite: suite.url, inbound, alias: values.alias });
  const person = seeded.person as Visitor;
  const approvals = await approvalsBy(provider, person);
  const configuration = {
    ...seeded,
    automated_ciba_approval_url: approvals,
    ...(needsCertificates(plan) ? await certificates(seeded, authority) : {}),
  };
  const { id, modules } = await suite.createPlan(plan.plan, plan.variant, configuration);
  const names = namesOf(modules);
  const chosen = modules
    .map((module, at) => ({ module, name: names[at] ?? '' }))
    .filter(
      ({ module, name }) => !chosenModules || chosenModules.some((one) => one === module.testModule || one === name),
    );
  say(`${plan.name}: ${chosen.length} modules, ${suite.url}/plan-detail.html?plan=${id}`);
  const help = {
    beforeStart: () => provider.rotateKeys(),
    visit: async (url: string) => say(`nobody visits ${url}`),
    afterwards: () => provider.clear(person),
  };
  const outcomes: Outcome[] = [];
  for (const [at, { module, name }] of chosen.entries()) {
    const outcome = await runModule(suite, { name: plan.name, id }, module, name, help, patience);
    outcomes.push(outcome);
    const isFine = deviations([outcome], table).length === 0;
    say(`${at + 1} of ${chosen.length} ${outcome.seconds} s ${outcome.result} ${outcome.module}${isFine ? '' : ' !'}`);
    if (!isFine) for (const message of outcome.messages) say(`    ${message}`);
    save(plan.name, outcomes);
  }
  return outcomes;
}

/** Certificates for the suite's two clients, with the subjects that tls_client_auth expects (RFC 8705 §2.1). */
async function certificates(seeded: Record<string, unknown>, by: Identity) {
  const of = async (member: string) => {
    const { client_id } = seeded[member] as { client_id: string };
    const { pem, keyPem } = await makeIdentity({ subject: `CN=${client_id}`, by });
    return { cert: pem, key: keyPem };
  };
  return { mtls: await of('client'), mtls2: await of('client2') };
}

function save(plan: string, outcomes: readonly Outcome[]): void {
  if (values.out === undefined) return;
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, `${plan}.json`), JSON.stringify(outcomes, null, 2));
}

/** The suite calls this URL where a person would decide about a request (CIBA). */
async function approvalsBy(provider: Provider, person: Visitor): Promise<string> {
  const server = createServer(async (request, response) => {
    const action = new URL(request.url ?? '/', 'http://localhost').searchParams.get('action');
    try {
      await provider.decide(person, action === 'allow' ? 'approve' : 'deny');
      response.setHeader('content-type', 'application/json').end('{}');
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  const port = await listen(scope, server, '127.0.0.1');
  return `http://127.0.0.1:${port}/?token={auth_req_id}&action={action}`;
}

/** The certificate of the suite, which is usually signed by itself. */
function certificateOf(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((done, failed) => {
    const socket = connect({
      host: hostname,
      port: Number(port || 443),
      ...(isIP(hostname) ? {} : { servername: hostname }),
      rejectUnauthorized: false,
    });
    socket.once('secureConnect', () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      done(new X509Certificate(raw).toString());
    });
    socket.once('error', (error) => failed(new Error(`no suite at ${url}: ${error.message}`)));
  });
}

function report(outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    const why = expectationOf(outcome, table)?.why ?? '';
    console.log([outcome.plan, outcome.module, outcome.result, `${outcome.seconds} s`, why].join('\t'));
  }
}
