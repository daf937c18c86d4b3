import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { navigatingBrowser } from '../clients_of_others/navigation.ts';
import { visitorOf } from '../clients_of_others/sign_in_at.ts';
import { codeBlocksOf } from '../documents_check.ts';
import { artifacts, ROOT } from '../helpers/artifacts.ts';
import { ended, killGroup, track } from '../helpers/children.ts';
import { findOnPath, launchChromium } from '../helpers/chromium.ts';
import { deployment } from '../helpers/deployment.ts';
import { openPage } from '../helpers/page.ts';
import { inherited } from '../helpers/processes.ts';
import { remember } from '../helpers/secrets.ts';
import { freePort, until } from '../helpers/waiting.ts';

/** Writes the files of ops/docs/quickstart.md, runs its commands, and signs in, as a reader of the page would. */

const PAGE = 'ops/docs/quickstart.md';
const scope = { after };
const app = await deployment(scope);
const person = await app.seed.person({ name: 'Ada Lovelace' });
const browser = await launchChromium(scope);
// Below node_modules of the repository, which has the packages that the page installs.
const folder = mkdtempSync(join(artifacts(), 'quick-start-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Where the page says one thing and this test has another: addresses, and the reader's folder. */
const [web, spa, mcp] = [await freePort(), await freePort(), await freePort()];
const OURS: readonly (readonly [string, string])[] = [
  ['http://localhost:3000', app.issuer],
  ['localhost:8080', `localhost:${web}`],
  ['listen(8080', `listen(${web}`],
  ['localhost:8081', `localhost:${spa}`],
  ['http.server 8081', `http.server ${spa}`],
  ['localhost:4000', `localhost:${mcp}`],
  ['PORT=4000', `PORT=${mcp}`],
  ['~/quick-start', folder],
];
const text = OURS.reduce((all, [theirs, ours]) => all.replaceAll(theirs, ours), readFileSync(join(ROOT, PAGE), 'utf8'));

const env = {
  ...inherited(),
  PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
  HOME: folder,
  CARDEA_DATABASE_URL: app.databaseUrl,
  CARDEA_MASTER_KEY: app.masterKey,
  CARDEA_DATA_DIR: app.dataDir,
  CARDEA_ISSUER: app.issuer,
  // In place of a browser: the test opens the URL that the program prints.
  BROWSER: 'true',
};

/** `npx` without the start of npm, which takes longer than the commands: `cardea` and the Node of this folder. */
const NPX = 'cardea() { node server/cli.ts "$@"; }; npx() { "$@"; }';

/** Runs a command of the page in the folder of Cardea. */
function start(command: string) {
  const child = spawn('bash', ['-c', `${NPX}\n${command}`], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  track(child);
  // A test that fails does not stop it.
  after(() => killGroup(child, 'SIGKILL'));
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  return {
    lines,
    /** The part of a line that matches, once it is printed. */
    printed: (pattern: RegExp) =>
      until(`${command} prints ${pattern}`, () =>
        lines.map((line) => pattern.exec(line)?.[1]).find((one) => one !== undefined),
      ),
    async end() {
      const { code } = await ended(child);
      assert.equal(code, 0, `${command}\n${lines.join('\n')}`);
    },
    async stop() {
      killGroup(child, 'SIGTERM');
      await ended(child);
    },
  };
}

/** The commands of a section, in their order. */
function commandsOf(heading: string): readonly string[] {
  const section = text.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  const commands = codeBlocksOf(section).flatMap(({ language, code }) => (language === 'sh' ? code.split('\n') : []));
  assert.ok(commands.length > 1, heading);
  return commands;
}

/** Runs the commands that register things, and returns the others. */
async function prepare(heading: string): Promise<readonly string[]> {
  const commands = commandsOf(heading);
  for (const command of commands.filter((one) => one.startsWith('npx cardea '))) await start(command).end();
  return commands.filter((one) => !one.startsWith('npx cardea '));
}

const secretOf = (file: string) => {
  const { client_secret } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { client_secret?: string };
  if (client_secret !== undefined) remember('client_secret', client_secret);
};

// The fence of a file names it after the language.
for (const [, name = '', code = ''] of text.matchAll(/^```\w+ (\S+)\n([\s\S]*?)^```$/gm)) {
  mkdirSync(join(folder, dirname(name)), { recursive: true });
  writeFileSync(join(folder, name), code);
}
cpSync(
  join(ROOT, 'node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js'),
  join(folder, 'spa/oidc-client-ts.min.js'),
);

test('a web app with a server: signs in and out', async () => {
  const [command = ''] = await prepare('A web app with a server');
  secretOf('web/client.json');
  const server = start(command);
  const origin = await server.printed(/^open (.+)$/);
  const visitor = visitorOf(app.issuer, person, navigatingBrowser());
  const page = await visitor.open(`${origin}/login`);
  assert.match(page.body, new RegExp(`Hello ${person.id}`));
  const out = await visitor.open(`${origin}/logout`);
  assert.match(out.body, /Sign in/);
  await server.stop();
});

test('a single-page app: signs in and out in a browser', async () => {
  const [command = ''] = await prepare('A single-page app');
  const server = start(command);
  const { page, context } = await openPage(browser);
  const origin = `http://localhost:${spa}/`;
  await until('the files are served', async () => (await fetch(origin).catch(() => undefined))?.ok);
  await page.goto(origin);
  await page.locator('output', { hasText: 'nobody is signed in' }).waitFor();
  await page.click('#sign-in');
  await page.fill('#identifier', person.email);
  await page.fill('#password', person.password);
  await page.press('#password', 'Enter');
  await page.click('#allow');
  await page.locator('output', { hasText: `Hello ${person.id}` }).waitFor();
  await page.click('#sign-out');
  await page.locator('output', { hasText: 'nobody is signed in' }).waitFor();
  await context.close();
  await server.stop();
});

test('a native app: signs in with the browser of the system', async () => {
  const [command = ''] = await prepare('A native app');
  const tool = start(command);
  const visitor = visitorOf(app.issuer, person, navigatingBrowser());
  await visitor.open((await tool.printed(/^Sign in at (.+)$/)) ?? '');
  await tool.end();
  assert.equal(tool.lines.at(-1), `Hello ${person.id}`);
});

test('a machine: gets a token for its API, in each language of the page', async (t) => {
  const commands = await prepare('A machine');
  secretOf('machine/client.json');
  assert.deepEqual(
    commands.map((one) => one.split(' ')[0]),
    ['python3', 'java'],
  );
  for (const command of commands) {
    const [program = ''] = command.split(' ');
    if (!findOnPath([program])) {
      t.diagnostic(`not tried, as this machine has no ${program}`);
      continue;
    }
    const importer = start(command);
    await importer.end();
    assert.match(importer.lines.join('\n'), /^a Bearer token for things:read/, command);
  }
});

test('an MCP agent: signs its person in, and calls a tool', async () => {
  const [serve = '', run = ''] = await prepare('An MCP agent');
  const server = start(serve);
  await server.printed(/(an MCP server at)/);
  const agent = start(run);
  const visitor = visitorOf(app.issuer, person, navigatingBrowser());
  await visitor.open((await agent.printed(/^Sign in at (.+)$/)) ?? '');
  await agent.end();
  assert.match(agent.lines.at(-1) ?? '', /^The server has \d+ notes$/);
  await server.stop();
});
