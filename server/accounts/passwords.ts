import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError, invalidInput, unavailable } from '../platform/errors.ts';
import { createFairQueue, type QueueLoad, type Shares } from '../platform/fair_queue.ts';
import { ARGON2, type Argon2Parameters, argon2Prefix, dummyHash } from './argon2.ts';
import { type HashFault, readHash } from './hash_formats.ts';
import type { WorkerJob, WorkerResult, WorkerValue } from './password_worker.ts';
import { createPeppers } from './peppers.ts';
import { codePoints, PASSWORD_MAX } from './policy.ts';

/**
 * Hashes and verifies passwords on separate threads. Never on libuv's pool, which signing, DNS and files use: with 32
 * hashes in that pool, a signature would wait a thousand times as long as it takes.
 */
export interface Passwords {
  /**
   * Hashes the NFKC form (SP 800-63B-4 §3.1.1.2): keyboards send the same letter as one character or as several.
   * @returns a hash as it is stored (hash_formats.ts)
   * @param shares the shares of the queue that the work counts to; default: the operator's
   * @throws AppError 400 field `password` for an empty or over-long one, 503 when the queue is full
   */
  hash(password: string, shares?: Shares): Promise<string>;
  /**
   * For an unknown person, or one without a password (`null`), the password is verified against a dummy hash, with the
   * same steps, queue and cost, and is always false: neither the response nor its time reveals whether an account
   * exists. The length is checked before that, and depends on the password alone.
   *
   * A password that differs from its NFKC form is verified in both forms, because imported and older hashes were made
   * from the text as typed. The number of attempts depends on the password alone, so time reveals nothing here either.
   * @throws AppError 400 field `password` for an empty or over-long one, 503 when the queue is full, 500
   * `password_hash_unreadable` for a hash that can never be verified here
   */
  verify(hash: string | null, password: string, shares?: Shares): Promise<boolean>;
  /**
   * @param words that an attacker would try first, such as the person's names
   * @returns how many guesses the password takes (guessability.ts)
   * @throws AppError 400 field `password` for an empty or over-long one, 503 when the queue is full
   */
  guesses(password: string, words: readonly string[], shares?: Shares): Promise<number>;
  /** True when the hash differs from new ones in format, parameters or pepper. */
  isOutdated(hash: string): boolean;
  /** Why a hash can never be verified here; undefined when it can. */
  faultOf(hash: string): VerificationFault | undefined;
  load(): QueueLoad;
  /** Ends the threads; running and queued jobs fail with 503. */
  close(): Promise<void>;
}

export type VerificationFault = HashFault | 'pepper_unknown';

export interface PasswordsOptions {
  readonly argon2?: Argon2Parameters;
  /** Secrets of 32 bytes: the first hashes, all of them verify. A function is called for each hash, so that new ones need no restart. */
  readonly peppers?: readonly Uint8Array[] | (() => readonly Uint8Array[]);
  /** MiB that all running hashes may use together. */
  readonly memory?: number;
  /** Hashes at the same time; default: as many as the memory allows, with one core left for everything else. */
  readonly threads?: number;
  /** Jobs that may wait; further ones are refused at once. Default: jobs for about half a second. */
  readonly queueLimit?: number;
  /** Creates a thread; replaced by tests that end one, or use one again. */
  readonly startWorker?: () => Worker;
}

/** MiB; enough for imported hashes, which may need more than new ones. */
export const HASHING_MEMORY = 256;
const QUEUE_PER_THREAD = 64;
const KIB = 1_024;

const FAULTS: Readonly<Record<VerificationFault, string>> = {
  unreadable: 'a stored password hash could not be read',
  too_expensive:
    'a stored password hash takes more memory or time than CARDEA_PASSWORD_HASHING_MEMORY and our limits allow',
  pepper_unknown: 'a stored password hash was made with a pepper that is not in CARDEA_PASSWORD_PEPPER',
};

interface UnderWay {
  done(value: WorkerValue): void;
  failed(error: AppError): void;
}

interface Slot {
  readonly worker: Worker;
  current: UnderWay | undefined;
}

export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const parameters = options.argon2 ?? ARGON2;
  const peppers = peppersOf(options.peppers);
  const budget = (options.memory ?? HASHING_MEMORY) * KIB;
  const affordable = Math.max(1, Math.floor(budget / parameters.memory));
  const threads = Math.min(options.threads ?? Math.max(1, availableParallelism() - 1), affordable);
  const queueLimit = options.queueLimit ?? QUEUE_PER_THREAD * threads;
  const startWorker =
    options.startWorker ??
    // Without the flags of the main thread: some are invalid for a file, and others would cost time in each thread.
    (() => new Worker(new URL('./password_worker.ts', import.meta.url), { execArgv: [] }));
  const slots = new Set<Slot>();
  const queue = createFairQueue({
    name: 'password hashing',
    concurrency: threads,
    capacity: budget,
    waiting: queueLimit,
  });
  let unshared = 0;

  const [plainBeginning, plainDummy] = [argon2Prefix(parameters), dummyHash(parameters)];
  const peppered = (hash: string) => {
    const { current } = peppers();
    return current ? pepperPrefix(current.id) + hash : hash;
  };
  const pepperOf = (id: string | undefined) => (id === undefined ? undefined : peppers().find(id));

  const refusal = (cause?: unknown) => unavailable('password hashing', cause);

  function faultOf(hash: string): VerificationFault | undefined {
    const stored = readHash(hash);
    if (typeof stored === 'string') return stored;
    if (stored.memory > budget) return 'too_expensive';
    return stored.kind === 'argon2' && stored.pepper && !pepperOf(stored.pepper) ? 'pepper_unknown' : undefined;
  }

  /** @param memory in KiB */
  function submit(job: WorkerJob, memory: number, shares?: Shares): Promise<WorkerValue> {
    unshared += 1;
    return queue.run({ shares: shares ?? [`operator:${unshared}`], weight: memory }, () => compute(job));
  }

  function compute(job: WorkerJob): Promise<WorkerValue> {
    const slot = [...slots].find((one) => !one.current) ?? open();
    return new Promise((done, failed) => {
      slot.current = { done, failed };
      slot.worker.ref(); // a running hash keeps the process alive, an idle thread does not
      slot.worker.postMessage(job);
    });
  }

  function release(slot: Slot): UnderWay | undefined {
    const finished = slot.current;
    slot.current = undefined;
    return finished;
  }

  function open(): Slot {
    const slot: Slot = { worker: startWorker(), current: undefined };
    slots.add(slot);
    slot.worker.unref();
    slot.worker.on('message', (outcome: WorkerResult) => {
      const finished = release(slot);
      slot.worker.unref();
      if (finished) settle(finished, outcome);
    });
    let cause: unknown;
    slot.worker.on('error', (error) => {
      cause = error;
    });
    // The job of a crashed thread fails; a later job starts a new thread.
    slot.worker.on('exit', () => {
      slots.delete(slot);
      release(slot)?.failed(refusal(cause));
    });
    return slot;
  }

  return {
    async hash(password, shares) {
      checkLength(password);
      const pepper = peppers().current;
      const job: WorkerJob = {
        kind: 'hash',
        password: normalisePassword(password),
        parameters,
        ...(pepper ? { pepper: pepper.secret } : {}),
      };
      const phc = String(await submit(job, parameters.memory, shares));
      return pepper ? pepperPrefix(pepper.id) + phc : phc;
    },

    async verify(hash, password, shares) {
      checkLength(password);
      const verified = hash ?? peppered(plainDummy);
      const fault = faultOf(verified);
      if (fault) throw unverifiable(fault);
      const stored = readHash(verified);
      if (typeof stored === 'string') throw unverifiable(stored);
      const pepper = stored.kind === 'argon2' ? pepperOf(stored.pepper) : undefined;
      let matches = false;
      for (const form of new Set([normalisePassword(password), password])) {
        const job: WorkerJob = {
          kind: 'verify',
          hash: verified,
          password: form,
          ...(pepper ? { pepper: pepper.secret } : {}),
        };
        if ((await submit(job, stored.memory, shares)) === true) matches = true;
      }
      return hash !== null && matches;
    },

    async guesses(password, words, shares) {
      checkLength(password);
      return Number(await submit({ kind: 'estimate', password, words }, 0, shares));
    },

    isOutdated: (hash) => !hash.startsWith(peppered(plainBeginning)),
    faultOf,
    load: queue.load,

    async close() {
      queue.close();
      await Promise.all([...slots].map((slot) => slot.worker.terminate()));
    },
  };
}

/** The peppers of the time. */
function peppersOf(source: PasswordsOptions['peppers'] = []): () => ReturnType<typeof createPeppers> {
  const secretsNow = typeof source === 'function' ? source : () => source;
  let secrets = secretsNow();
  let made = createPeppers(secrets);
  return () => {
    const now = secretsNow();
    if (now !== secrets) [secrets, made] = [now, createPeppers(now)];
    return made;
  };
}

/** The form of a password that is hashed. */
export function normalisePassword(password: string): string {
  return password.normalize('NFKC');
}

function pepperPrefix(id: string): string {
  return `$pepper$${id}`;
}

function unverifiable(fault: VerificationFault): AppError {
  return new AppError('password_hash_unreadable', FAULTS[fault]);
}

function settle(job: UnderWay, outcome: WorkerResult): void {
  if (outcome.ok) job.done(outcome.value);
  else job.failed(unverifiable('unreadable'));
}

/** Checked before anything is hashed: a long password costs the attacker nothing and the server much. */
function checkLength(password: string): void {
  const length = codePoints(password);
  if (length < 1 || length > PASSWORD_MAX) {
    throw invalidInput('password', `must have 1 to ${PASSWORD_MAX} characters`);
  }
}
