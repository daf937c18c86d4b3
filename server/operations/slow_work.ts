const EVERY_MS = 500;

/**
 * Lets a stream tell of work that takes long while it is under way.
 * @param begin begins the work; of what it tells, the newest is a line from time to time
 * @returns the result of the work. @throws its error
 */
export async function* withProgress<Line, Result>(
  begin: (tell: (line: Line) => void) => Promise<Result>,
): AsyncGenerator<readonly Line[], Result> {
  let newest: Line | undefined;
  let settled = false;
  const work = begin((line) => {
    newest = line;
  }).finally(() => {
    settled = true;
  });
  work.catch(() => {}); // thrown below
  while (!settled) {
    const tick = Promise.withResolvers<void>();
    const timer = setTimeout(tick.resolve, EVERY_MS);
    await Promise.race([work, tick.promise]).catch(() => {});
    clearTimeout(timer);
    if (newest !== undefined) yield [newest];
    newest = undefined;
  }
  return work;
}
