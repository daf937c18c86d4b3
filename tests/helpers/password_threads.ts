import { Worker } from 'node:worker_threads';

const idle: Worker[] = [];

/** Threads that wait for the next service, and do not keep the process alive. */
export const idleThreads: readonly Worker[] = idle;

/**
 * A thread that hashes passwords, which another service may have used before: starting one takes as long as the rest of
 * a deployment, and loading its word lists three times as long. A service that is closed gives its idle threads back.
 */
export function reusedThread(): Worker {
  return idle.pop() ?? startThread();
}

function startThread(): Worker {
  const thread = new Worker(new URL('../../server/accounts/password_worker.ts', import.meta.url), { execArgv: [] });
  const terminate = thread.terminate.bind(thread);
  const post = thread.postMessage.bind(thread);
  let jobs = 0;
  // Each service listens for the end of the thread.
  thread.setMaxListeners(0);
  thread.postMessage = (job) => {
    jobs += 1;
    thread.once('message', () => {
      jobs -= 1;
    });
    post(job);
  };
  thread.terminate = async () => {
    if (jobs > 0) return terminate();
    for (const event of ['message', 'error']) thread.removeAllListeners(event);
    if (!idle.includes(thread)) idle.push(thread);
    return 0;
  };
  return thread;
}
