/**
 * Loaded before a process of tests (`node --import`): at its end it writes to the folder TEST_COVERAGE what V8 has run of the
 * code below the working directory. A process that is killed writes nothing.
 *
 * V8 counts how often each block ran. Whether it ran would not do: that a condition without `else` was false follows from the
 * difference of two counts. V8 counts only what it compiles itself, so what is measured is never taken from the compile cache; the
 * libraries and the tests are, since to count them too takes a third of the time. The cache is a copy (NODE_COMPILE_CACHE), and
 * that for the processes that tests start is in TEST_COMPILE_CACHE.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { MEASURED } from './measured.ts';

const folder = process.env.TEST_COVERAGE;
if (folder !== undefined && isMainThread) collect(folder);

function collect(folder: string): void {
  const { TEST_COMPILE_CACHE } = process.env;
  delete process.env.TEST_COVERAGE;
  delete process.env.TEST_COMPILE_CACHE;
  if (TEST_COMPILE_CACHE !== undefined) process.env.NODE_COMPILE_CACHE = TEST_COMPILE_CACHE;
  const own = MEASURED.map((name) => pathToFileURL(join(process.cwd(), name, '/')).href);
  const isOwn = (url: string) => own.some((one) => url.startsWith(one));
  // No other process has compiled this text.
  const comment = `\n// ${randomUUID()}`;
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      return isOwn(url) && url.endsWith('.ts') ? { ...loaded, source: `${loaded.source}${comment}` } : loaded;
    },
  });
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  process.on('exit', () => {
    // Calls back before it returns.
    session.post('Profiler.takePreciseCoverage', (error, taken: Profiler.TakePreciseCoverageReturnType) => {
      if (error) throw error;
      const result = taken.result.filter(({ url }) => isOwn(url));
      writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ result }));
    });
  });
}
