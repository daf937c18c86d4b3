import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AppError, invalidInput, unavailable } from '../platform/errors.ts';
import { DUMMY_HASH } from './argon2.ts';
import type { Job, Outcome } from './password_worker.ts';
import { codePoints, PASSWORD_MAX } from './policy.ts';

/**
 * Hashes and verifies passwords with argon2id on threads of its own. Never on libuv's pool: signing, DNS and files
 * share that one, and 32 hashes in flight there make a signature wait a thousand times as long as it takes.
 */
export interface Passwords {
  /**
   * @returns a PHC string
   * @throws AppError 400 field `password` for an empty or over-long one, 503 when the queue is full
   */
  hash(password: string): Promise<string>;
  /**
   * `null`, which stands for an unknown person or one without a password, is verified against a dummy: the same path,
   * the same queue, the same cost, and always false. So neither answer nor time tells whether an account exists.
   * The length is judged before that, by the password alone.
   * @throws AppError 400 field `password` for an empty or over-long one, 503 when the queue is full
   */
  verify(hash: string | null, password: string): Promise<boolean>;
  /** Ends the threads; what is in flight or queued fails with 503. */
  close(): Promise<void>;
}

export interface PasswordsOptions {
  /** Hashes at the same time; default: one less than there are cores, which is left to everything else. */
  threads?: number;
  /** Jobs that may wait; beyond that they are refused at once. Default: about half a second's worth. */
  queueLimit?: number;
  /** Makes a thread; for tests that want to end one. */
  startWorker?: () => Worker;
}

const QUEUE_PER_THREAD = 64;

interface Waiting {
  readonly job: Job;
  readonly done: (value: string | boolean) => void;
  readonly failed: (error: AppError) => void;
}

interface Slot {
  readonly worker: Worker;
  current: Waiting | undefined;
}

export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const threads = options.threads ?? Math.max(1, availableParallelism() - 1);
  const queueLimit = options.queueLimit ?? QUEUE_PER_THREAD * threads;
  const startWorker =
    options.startWorker ??
    // Without the flags of the main thread: some are not for files, others would be paid for once a thread.
    (() => new Worker(new URL('./password_worker.ts', import.meta.url), { execArgv: [] }));
  const slots = new Set<Slot>();
  const queue: Waiting[] = [];
  let closed = false;

  const refusal = (cause?: unknown) => unavailable('password hashing', cause);

  function submit(job: Job): Promise<string | boolean> {
    if (closed) return Promise.reject(refusal());
    const isAnyFree = slots.size < threads || [...slots].some((slot) => !slot.current);
    if (!isAnyFree && queue.length >= queueLimit) return Promise.reject(refusal());
    return new Promise((done, failed) => {
      queue.push({ job, done, failed });
      dispatch();
    });
  }

  function dispatch(): void {
    while (queue.length > 0 && !closed) {
      const slot = [...slots].find((one) => !one.current) ?? (slots.size < threads ? open() : undefined);
      if (!slot) return;
      const next = queue.shift();
      if (!next) return;
      slot.current = next;
      slot.worker.ref(); // a hash that somebody waits for keeps the process alive, an idle thread does not
      slot.worker.postMessage(next.job);
    }
  }

  function open(): Slot {
    const slot: Slot = { worker: startWorker(), current: undefined };
    slots.add(slot);
    slot.worker.unref();
    slot.worker.on('message', (outcome: Outcome) => {
      const finished = slot.current;
      slot.current = undefined;
      slot.worker.unref();
      if (finished) settle(finished, outcome);
      dispatch();
    });
    let cause: unknown;
    slot.worker.on('error', (error) => {
      cause = error;
    });
    // A thread that died takes its job with it; the next job that needs one starts another.
    slot.worker.on('exit', () => {
      slots.delete(slot);
      slot.current?.failed(refusal(cause));
      dispatch();
    });
    return slot;
  }

  return {
    async hash(password) {
      checkLength(password);
      return String(await submit({ kind: 'hash', password }));
    },

    async verify(hash, password) {
      checkLength(password);
      const matches = await submit({ kind: 'verify', hash: hash ?? DUMMY_HASH, password });
      return hash !== null && matches === true;
    },

    async close() {
      closed = true;
      for (const waiting of queue.splice(0)) waiting.failed(refusal());
      await Promise.all([...slots].map((slot) => slot.worker.terminate()));
    },
  };
}

function settle(waiting: Waiting, outcome: Outcome): void {
  if (outcome.ok) waiting.done(outcome.value);
  else waiting.failed(new AppError('password_hash_unreadable', 500, 'a stored password hash could not be read'));
}

/** Before anything is hashed: length costs the attacker nothing and us everything. */
function checkLength(password: string): void {
  const length = codePoints(password);
  if (length < 1 || length > PASSWORD_MAX) {
    throw invalidInput('password', `must have 1 to ${PASSWORD_MAX} characters`);
  }
}
