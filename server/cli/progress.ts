import { note } from './output.ts';

/** How far a long verb has got, on standard error: on a terminal one line that moves, in a log one now and then. */
export function createProgress(options: { every: number }) {
  let told = 0;
  return {
    /** @param done what `every` counts */
    show(done: number, text: string): void {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
      else if (done - told >= options.every) {
        told = done;
        note(text);
      }
    },
    /** The last word. */
    end(text: string): void {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}\n`);
      else note(text);
    },
  };
}
