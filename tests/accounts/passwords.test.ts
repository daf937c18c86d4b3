import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { hashSync } from '@node-rs/argon2';
import { ARGON2, dummyHash } from '../../server/accounts/argon2.ts';
import { createPasswords, type PasswordsOptions } from '../../server/accounts/passwords.ts';
import { ROOT } from '../helpers/artifacts.ts';

const UNAVAILABLE = { code: 'temporarily_unavailable', status: 503 };
/** For tests that are not about the cost. */
const CHEAP = { argon2: { memory: 64, iterations: 1, parallelism: 1 } };
const WORKER = new URL('../../server/accounts/password_worker.ts', import.meta.url);

function setUp(t: TestContext, options: PasswordsOptions = {}) {
  const workers: Worker[] = [];
  const passwords = createPasswords({
    threads: 1,
    startWorker() {
      const worker = new Worker(WORKER);
      workers.push(worker);
      return worker;
    },
    ...options,
  });
  t.after(() => passwords.close());
  return { passwords, workers };
}

describe('passwords', () => {
  test('are argon2id hashes with pinned parameters and their own salt', async (t) => {
    const { passwords } = setUp(t);
    const [one, other] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
    assert.notEqual(one, other);
    assert.equal(passwords.isOutdated(one), false);
    assert.equal(passwords.isOutdated(one.replace('t=2', 't=1')), true);
  });

  test('verify character by character', async (t) => {
    const { passwords } = setUp(t, CHEAP);
    for (const password of ['correct horse', ' spaces ', 'Zoë', '🔑'.repeat(256), '\u0000nul', 'a']) {
      const hash = await passwords.hash(password);
      assert.equal(await passwords.verify(hash, password), true);
      assert.equal(await passwords.verify(hash, `!${[...password].slice(1).join('')}`), false);
    }
  });

  test('are equal in all Unicode forms that keyboards send (SP 800-63B-4 §3.1.1.2)', async (t) => {
    const { passwords } = setUp(t, CHEAP);
    for (const [one, other] of [
      ['Zoe\u0308', 'Zo\u00eb'],
      ['\uff28\uff41\uff46\uff45\uff4e', 'Hafen'],
      ['o\ufb03ce', 'office'],
    ] as const) {
      assert.equal(await passwords.verify(await passwords.hash(one), other), true);
      assert.equal(await passwords.verify(await passwords.hash(other), one), true);
    }
  });

  test('that were hashed as typed verify as typed', async (t) => {
    const { passwords } = setUp(t);
    const cost = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };
    const older = hashSync('Zoe\u0308', cost);
    assert.equal(await passwords.verify(older, 'Zoe\u0308'), true);
    assert.equal(await passwords.verify(older, 'Zo\u00eb'), false, 'the typed form is unknown');
    assert.equal(await passwords.verify(older, 'Zoe\u0308x'), false);
  });

  test('cost the same for an unknown person and for the second form', async (t) => {
    const { passwords, workers } = setUp(t, CHEAP);
    const hash = await passwords.hash('Zoe\u0308');
    let jobs = 0;
    workers[0]?.on('message', () => {
      jobs += 1;
    });
    for (const [password, expected] of [
      ['Zoe\u0308', 2],
      ['Zo\u00eb', 1],
    ] as const) {
      for (const stored of [hash, null]) {
        jobs = 0;
        await passwords.verify(stored, password);
        assert.equal(jobs, expected);
      }
    }
  });

  test('that are empty or too long are refused before hashing', async (t) => {
    const { passwords, workers } = setUp(t);
    const hash = dummyHash(ARGON2);
    for (const password of ['', 'a'.repeat(257), '🔑'.repeat(257), 'a'.repeat(1_000_000)]) {
      const refused = { code: 'invalid_input', status: 400, field: 'password' };
      await assert.rejects(passwords.hash(password), refused);
      await assert.rejects(passwords.verify(hash, password), refused);
      await assert.rejects(passwords.verify(null, password), refused);
    }
    assert.equal(workers.length, 0);
  });

  test('a stored hash that cannot be read is an internal error, not a wrong password', async (t) => {
    const { passwords } = setUp(t);
    await assert.rejects(passwords.verify('$argon2id$nonsense', 'x'), {
      code: 'password_hash_unreadable',
      status: 500,
    });
    assert.equal(await passwords.verify(null, 'still works'), false);
  });
});

describe('an unknown person', () => {
  test('costs the same as a known one: a dummy hash with the same parameters is verified', async (t) => {
    const { passwords, workers } = setUp(t);
    const hash = await passwords.hash('correct horse');
    const shape = (phc: string) => phc.split('$').map((part, i) => (i < 4 ? part : part.length));
    assert.deepEqual(shape(dummyHash(ARGON2)), shape(hash));
    const [worker] = workers;
    assert.ok(worker);
    const post = t.mock.method(worker, 'postMessage');
    await passwords.verify(null, 'wrong');
    await passwords.verify(hash, 'wrong');
    assert.deepEqual(
      post.mock.calls.map(({ arguments: [job] }) => job),
      [dummyHash(ARGON2), hash].map((one) => ({ kind: 'verify', hash: one, password: 'wrong' })),
    );
  });

  test('is never signed in, even if the dummy verification succeeds', async (t) => {
    const { passwords } = setUp(t, CHEAP);
    assert.equal(await passwords.verify(null, 'anything'), false);
  });
});

describe('the threads', { timeout: 60_000 }, () => {
  test('refuse work beyond the queue at once, and finish what is queued', async (t) => {
    const { passwords } = setUp(t, { queueLimit: 2 });
    const jobs = Array.from({ length: 5 }, () => passwords.verify(null, 'x'));
    // one runs, two wait, the others are refused before the first has finished
    const first = await Promise.race(
      jobs.map((job, i) =>
        job.then(
          () => `${i} done`,
          () => `${i} refused`,
        ),
      ),
    );
    assert.equal(first, '3 refused');
    const settled = await Promise.allSettled(jobs);
    assert.deepEqual(
      settled.map((one) => one.status),
      ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
    );
    await assert.rejects(Promise.all([1, 2, 3, 4].map(() => passwords.verify(null, 'x'))), UNAVAILABLE);
  });

  test('are started when they are needed, up to the limit', async (t) => {
    const { passwords, workers } = setUp(t, { ...CHEAP, threads: 2 });
    await passwords.verify(null, 'x');
    assert.equal(workers.length, 1);
    await Promise.all(Array.from({ length: 6 }, () => passwords.verify(null, 'x')));
    assert.equal(workers.length, 2);
  });

  test('that die fail one job, and are replaced', async (t) => {
    const { passwords, workers } = setUp(t);
    await passwords.verify(null, 'x');
    const [doomed, waiting] = [passwords.verify(null, 'x'), passwords.hash('correct horse')];
    const outcome = assert.rejects(doomed, UNAVAILABLE);
    await workers[0]?.terminate();
    await outcome;
    assert.match(await waiting, /^\$argon2id/);
    assert.equal(workers.length, 2);
  });

  test('that die while idle are replaced as well', async (t) => {
    const { passwords, workers } = setUp(t, CHEAP);
    await passwords.verify(null, 'x');
    await workers[0]?.terminate();
    assert.equal(await passwords.verify(null, 'x'), false);
    assert.equal(workers.length, 2);
  });

  test('that cannot start fail their jobs with 503 instead of hanging', async (t) => {
    const startWorker = () => new Worker('throw new Error("no")', { eval: true });
    const { passwords } = setUp(t, { startWorker });
    await assert.rejects(passwords.hash('correct horse'), UNAVAILABLE);
    await assert.rejects(passwords.verify(null, 'x'), UNAVAILABLE);
  });

  test('fail running jobs and refuse new ones when they are closed', async (t) => {
    const { passwords } = setUp(t);
    const jobs = [passwords.hash('correct horse'), passwords.hash('correct horse')].map((job) =>
      assert.rejects(job, UNAVAILABLE),
    );
    await passwords.close();
    await Promise.all(jobs);
    await assert.rejects(passwords.hash('correct horse'), UNAVAILABLE);
  });

  test('have a lower priority than the main thread', {
    skip: process.platform !== 'linux' && 'only Linux has a priority for each thread',
  }, async (t) => {
    const { passwords } = setUp(t);
    const before = getPriority();
    const own = niceValues();
    await passwords.verify(null, 'x');
    assert.equal(getPriority(), before);
    const all = niceValues();
    assert.equal(all.get(process.pid), own.get(process.pid));
    const started = [...all].filter(([id]) => !own.has(id));
    assert.equal(started.filter(([, nice]) => nice === 10).length, 1);
  });

  test('do not keep the process alive, but a running hash does', async () => {
    const script = `
      const { createPasswords } = await import(${JSON.stringify(new URL('../../server/accounts/passwords.ts', import.meta.url).href)});
      const passwords = createPasswords({ threads: 2 });
      await passwords.hash('correct horse'); // from here on an idle thread is there
      passwords.hash('correct horse').then((hash) => process.stdout.write(hash.slice(0, 9)));`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, 'close');
    assert.deepEqual([code, output], [0, '$argon2id']);
  });
});

describe('the memory', { timeout: 60_000 }, () => {
  const foreign = (mebibytes: number) =>
    hashSync('correct horse', { algorithm: 2, memoryCost: mebibytes * 1_024, timeCost: 1, parallelism: 1 });
  const native = dummyHash(ARGON2);

  /** Records which hashes run at the same time, as the threads see it. */
  function observed(t: TestContext, options: PasswordsOptions) {
    const now = { jobs: 0, memory: 0 };
    const most = { jobs: 0, memory: 0 };
    const startWorker = () => {
      const worker = new Worker(WORKER);
      const post = worker.postMessage.bind(worker);
      worker.postMessage = (job: { hash: string }) => {
        const memory = Number(/m=(\d+)/.exec(job.hash)?.[1]) / 1_024;
        now.jobs += 1;
        now.memory += memory;
        most.jobs = Math.max(most.jobs, now.jobs);
        most.memory = Math.max(most.memory, now.memory);
        worker.prependOnceListener('message', () => {
          now.jobs -= 1;
          now.memory -= memory;
        });
        post(job);
      };
      return worker;
    };
    return { ...setUp(t, { ...options, startWorker }), most };
  }

  test('limits how many hashes run at once, with any number of threads', async (t) => {
    const { passwords, workers, most } = observed(t, { threads: 4, memory: 40 });
    await Promise.all(Array.from({ length: 8 }, () => passwords.verify(native, 'x')));
    assert.equal(most.jobs, 2);
    assert.ok(workers.length <= 2);
  });

  test('limits other systems’ hashes together with argon2id, and blocks none of them', async (t) => {
    const { passwords, most } = observed(t, { threads: 3, memory: 70 });
    const large = foreign(64);
    const jobs = [native, large, native, native, large, native, native].map((hash) =>
      passwords.verify(hash, 'correct horse'),
    );
    assert.deepEqual(
      (await Promise.all(jobs)).map((matches) => matches),
      [false, true, false, false, true, false, false],
    );
    assert.ok(most.memory <= 70, `${most.memory} MiB at once`);
    assert.ok(most.jobs >= 2, 'hashes that fit run in parallel');
  });

  test('that is used up makes a queue, and a full queue refuses at once', async (t) => {
    const { passwords } = observed(t, { threads: 3, memory: 70, queueLimit: 1 });
    const large = foreign(64);
    const jobs = [large, native, native].map((hash) => passwords.verify(hash, 'x'));
    await assert.rejects(jobs[2] ?? Promise.resolve(), UNAVAILABLE);
    assert.deepEqual(await Promise.all(jobs.slice(0, 2)), [false, false]);
  });

  test('of a thread that dies is released', async (t) => {
    const { passwords, workers } = setUp(t, { threads: 2, memory: 20 });
    await passwords.verify(native, 'x');
    const doomed = assert.rejects(passwords.verify(native, 'x'), UNAVAILABLE);
    await workers[0]?.terminate();
    await doomed;
    assert.equal(await passwords.verify(native, 'x'), false);
  });

  test('that no hash may use is refused before anything is computed', async (t) => {
    const { passwords, workers } = setUp(t, { memory: 32 });
    await assert.rejects(passwords.verify(foreign(33), 'correct horse'), {
      code: 'password_hash_unreadable',
      status: 500,
    });
    assert.equal(passwords.faultOf(foreign(33)), 'too_expensive');
    assert.equal(workers.length, 0);
  });
});

/** Priorities by thread id. */
function niceValues(): Map<number, number> {
  const listed = execFileSync('ps', ['-L', '-o', 'lwp=,ni=', '-p', String(process.pid)], { encoding: 'utf8' });
  return new Map(
    listed
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
  );
}
