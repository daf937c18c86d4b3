import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, type TestContext, test } from 'node:test';
import { createAttempts, FAILURES } from '../../server/accounts/attempts.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import { begin } from '../flows/support.ts';
import { formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';

/**
 * Response times must not tell if an account exists (Note Mark CVE-2026-40263). All cases are tried in turn, with a new
 * account for each try. Their medians must differ by less than those of two runs of the same case, which is estimated
 * from that case's own times. The control is a try without password hashing: the test must notice it clearly, otherwise
 * it would notice nothing.
 */
const TRIES = LONG ? 200 : 40;
/** The control must differ by this multiple of the noise. */
const CLEARLY = 2;
const CASES = ['existing', 'existing again', 'unknown', 'locked', 'disabled', 'passwordless', 'control'] as const;
const WRONG = 'not-the-Password-1';
type Case = (typeof CASES)[number];

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_RATE_LIMIT: '1000000' }, passwordCost: 'configured' });
const party = await app.seed.party();
const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
const attempts = createAttempts({
  db: app.db,
  accounts: app.seed.accounts,
  indexKey: await loadServerSecret(app.db, sealer, ACCOUNT_INDEX_SECRET, Date.now),
  now: Date.now,
});

/**
 * Creates an account of each kind.
 * @returns an identifier; all have the same length
 */
const MAKE: Readonly<Record<Case, () => Promise<string>>> = {
  existing: async () => (await app.seed.person()).email,
  'existing again': async () => (await app.seed.person()).email,
  unknown: async () => {
    const { email } = await app.seed.person();
    return `x${email.slice(1)}`;
  },
  async locked() {
    const { email } = await app.seed.person();
    for (let i = 0; i < FAILURES; i += 1) {
      await attempts.countFailure(await attempts.reservePasswordGuess({ identifier: email, deviceCookie: undefined }));
    }
    return email;
  },
  async disabled() {
    const { id, email } = await app.seed.person();
    await app.seed.accounts.disable(id);
    return email;
  },
  async passwordless() {
    const email = `${randomBytes(6).toString('hex')}@example.com`;
    await app.seed.accounts.create({ email, emailVerified: true });
    return email;
  },
  control: async () => (await app.seed.person()).email,
};

type Send = (identifier: string, password: string) => Promise<Page>;

async function login(): Promise<Send> {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  return (identifier, password) => browser.post(action, { ...fields, identifier, password, action: 'signin' });
}

const ENDPOINTS = { login };

for (const [name, start] of Object.entries(ENDPOINTS)) {
  test(`${name}: unknown, locked, disabled, passwordless and existing take the same time`, async (t) => {
    const send = await start();
    // Repeats the measurement when cases differ: among many comparisons one may differ by chance, but not the same one
    // twice.
    if (!tell(t, await measure(send)).every(isAsExpected)) {
      assert.ok(tell(t, await measure(send)).every(isAsExpected));
    }
  });
}

/** Milliseconds of each try, by case. */
async function measure(send: Send): Promise<Map<Case, number[]>> {
  const identifiers = new Map<Case, string[]>();
  for (const one of CASES) {
    const made: string[] = [];
    for (let i = 0; i < TRIES; i += 1) made.push(await MAKE[one]());
    identifiers.set(one, made);
  }
  for (let i = 0; i < 30; i += 1) await send(`warm-up-${i}@example.com`, WRONG);
  const times = new Map<Case, number[]>(CASES.map((one) => [one, []]));
  for (let i = 0; i < TRIES; i += 1) {
    // The order changes, so that no case always follows the same one.
    for (const one of rotated(CASES, i)) {
      const identifier = identifiers.get(one)?.[i] ?? '';
      const began = performance.now();
      const answer = await send(identifier, one === 'control' ? '' : WRONG);
      assert.equal(answer.status, 400, one);
      times.get(one)?.push(performance.now() - began);
    }
  }
  return times;
}

interface Comparison {
  readonly of: Case;
  readonly difference: number;
  readonly noise: number;
}

const isAsExpected = ({ of, difference, noise }: Comparison) =>
  of === 'control' ? difference > CLEARLY * noise : difference < noise;

function tell(t: TestContext, times: ReadonlyMap<Case, number[]>): Comparison[] {
  const reference = times.get('existing') ?? [];
  const again = times.get('existing again') ?? [];
  const noise = noiseOf([...reference, ...again]);
  const compared = CASES.filter((one) => one !== 'existing').map((of) => ({
    of,
    difference: Math.abs(median(times.get(of) ?? []) - median(reference)),
    noise,
  }));
  t.diagnostic(
    `existing: median ${median(reference).toFixed(2)} ms; two runs of it differ by up to ${noise.toFixed(3)} ms`,
  );
  for (const { of, difference } of compared) t.diagnostic(`${of}: differs by ${difference.toFixed(3)} ms`);
  return compared;
}

/** The difference between the medians of two runs of one case, in all but one of a thousand pairs. */
function noiseOf(times: readonly number[]): number {
  const draw = () => median(Array.from({ length: TRIES }, () => times[Math.floor(Math.random() * times.length)] ?? 0));
  const differences = Array.from({ length: 2_000 }, () => Math.abs(draw() - draw())).sort((a, b) => a - b);
  return differences[Math.floor(differences.length * 0.999)] ?? 0;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2;
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return list.map((_, i) => list[(i + by) % list.length] as T);
}
