/**
 * Loaded before a process of tests (`node --import`): at its end it writes to the folder TEST_COVERAGE what V8 has run of the
 * code below the working directory. A process that is killed writes nothing.
 *
 * V8 counts how often each block ran. Whether it ran would not do: that a condition without `else` was false follows from the
 * difference of two counts. V8 counts only what it compiles itself, so these processes do without the compile cache
 * (NODE_DISABLE_COMPILE_CACHE). The processes that tests start inherit neither variable.
 */
import { writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { MEASURED } from './measured.ts';

const folder = process.env.TEST_COVERAGE;
if (folder !== undefined && isMainThread) collect(folder);

function collect(folder: string): void {
  delete process.env.TEST_COVERAGE;
  delete process.env.NODE_DISABLE_COMPILE_CACHE;
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const own = MEASURED.map((name) => pathToFileURL(join(process.cwd(), name, '/')).href);
  process.on('exit', () => {
    // Calls back before it returns.
    session.post('Profiler.takePreciseCoverage', (error, taken: Profiler.TakePreciseCoverageReturnType) => {
      if (error) throw error;
      const result = taken.result.filter(({ url }) => own.some((one) => url.startsWith(one)));
      writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify({ result }));
    });
  });
}
