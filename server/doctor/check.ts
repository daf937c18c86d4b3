import type { KeyRing } from '../../keys/rotate.ts';
import type { Config } from '../config.ts';
import type { InputOf, Read, Schemas } from '../operations/operation.ts';
import type { OutputOf } from '../operations/run.ts';
import type { Clock } from '../platform/clock.ts';
import type { Db } from '../platform/db.ts';
import type { Sealer } from '../platform/sealing.ts';
import type { Environment } from '../platform/settings.ts';

export type State = 'ok' | 'warning' | 'error' | 'skipped';

export interface Finding {
  readonly state: State;
  /** The finding in words; nothing secret. */
  readonly found: string;
  /** For a warning and an error: what to do. */
  readonly remedy?: string;
}

export const ok = (found: string): Finding => ({ state: 'ok', found });
export const warning = (found: string, remedy: string): Finding => ({ state: 'warning', found, remedy });
export const problem = (found: string, remedy: string): Finding => ({ state: 'error', found, remedy });
export const skipped = (found: string): Finding => ({ state: 'skipped', found });

/** The parts of a deployment that checks look at. Each is opened when a check asks for it, and fails for that check alone. */
export interface DoctorParts {
  readonly config: Config;
  readonly env: Environment;
  readonly now: Clock;
  /** `process.versions.node` */
  readonly nodeVersion: string;
  /** Ends when the time of the check is over. */
  readonly signal: AbortSignal;
  /** A recipient, for a test mail. */
  readonly sendMailTo: string | undefined;
  sendTestMail(to: string): Promise<string>;
  /** For the check that reports why it cannot be used. @throws AppError */
  connect(): Promise<Db>;
  /** @throws Unusable */
  database(): Promise<Db>;
  /** The same with the schema of this version. @throws Unusable */
  current(): Promise<Db>;
  /** Of the master keys in the settings. @throws AppError */
  sealer(): Promise<Sealer>;
  /** Needs the database, its schema and the master keys. @throws Unusable, AppError */
  stores(): Promise<Stores>;
}

export interface Stores {
  readonly keyRing: KeyRing;
  /** Opens the secrets by which people are found. */
  openAccounts(): Promise<unknown>;
  read<S extends Schemas>(operation: Read<S>, input?: Partial<InputOf<S>>): Promise<OutputOf<S>>;
}

/** Something that another check reports on: this one cannot say anything. */
export class Unusable extends Error {}

/** A part that a check looks at does not work; it says what to do. */
export class Broken extends Error {
  readonly remedy: string;
  constructor(found: string, remedy: string, options?: ErrorOptions) {
    super(found, options);
    this.remedy = remedy;
  }
}

export type Check = (parts: DoctorParts) => Promise<Finding | readonly Finding[]>;

export interface Result extends Finding {
  readonly check: string;
}

/** A check that takes longer has found that something does not answer. */
const SECONDS = 15;

/**
 * Runs checks beside each other; one that fails or hangs stops no other.
 * @returns the findings in the order of the table
 */
export async function runChecks(
  checks: Readonly<Record<string, Check>>,
  parts: Omit<DoctorParts, 'signal'>,
  { seconds = SECONDS, explain }: { readonly seconds?: number; explain(error: unknown): string },
): Promise<Result[]> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      const findings = await limited(check, parts, seconds, explain);
      return findings.map((finding) => ({ check: name, ...finding }));
    }),
  );
  return results.flat();
}

async function limited(
  check: Check,
  parts: Omit<DoctorParts, 'signal'>,
  seconds: number,
  explain: (error: unknown) => string,
): Promise<readonly Finding[]> {
  const ending = new AbortController();
  const late = Promise.withResolvers<Finding>();
  const timer = setTimeout(() => {
    ending.abort();
    late.resolve(
      problem(`no result within ${seconds} seconds`, 'See what the check waits for: a firewall or a slow server.'),
    );
  }, seconds * 1_000);
  try {
    return [await Promise.race([check({ ...parts, signal: ending.signal }), late.promise])].flat();
  } catch (error) {
    if (error instanceof Broken) return [problem(error.message, error.remedy)];
    return [error instanceof Unusable ? skipped(error.message) : problem(explain(error), 'Do what the message says.')];
  } finally {
    clearTimeout(timer);
  }
}
