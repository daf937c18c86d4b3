import type { TestEvent } from 'node:test/reporters';

/** A reporter that prints the first test that fails, and ends the process: the others cannot change what that says. */
export default async function* firstFailure(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:fail') continue;
    yield `${event.data.file}: ${event.data.name}\n`;
    process.exit(1);
  }
}
