import type { Static } from 'typebox';
import type { Audit, AuditEntry } from '../audit/entries.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import type { Actor } from './actor.ts';
import { assertPermitted, refusedOutcome } from './checks.ts';
import type { Call, Commit, Schemas, Stream, StreamInput } from './operation.ts';
import { assertValid } from './schema.ts';
import type { Services } from './services.ts';

/** A stream that has begun. */
export interface Running<Line> {
  /** @returns the next lines of the result; undefined at its end. @throws AppError, when no line can tell of it */
  next(): Promise<readonly Line[] | undefined>;
  /** What ended it early, which its last line tells as well; undefined when it has read all of its input. */
  failure(): unknown;
  /** Ends it: what it is doing is completed first. */
  stop(): Promise<void>;
}

interface StreamParts {
  readonly db: Db;
  readonly audit: Audit;
  readonly services: Services;
  recordsRefusal(actor: Actor): Promise<boolean>;
}

export async function runStream<S extends Schemas>(
  { db, audit, services, recordsRefusal }: StreamParts,
  operation: Stream<S>,
  input: StreamInput<S>,
  call: Call,
): Promise<Running<Static<S['output']>>> {
  const { actor, requestId, dryRun = false } = call;
  const entry = (rest: Pick<AuditEntry, 'outcome' | 'target'> & Partial<AuditEntry>): BoundStatement =>
    audit.append({ actor, action: operation.name, requestId, ...rest });

  const commit: Commit = async ({ statements, target, changes = {}, refuse }) => {
    if (dryRun) return;
    try {
      await db.transact([...statements, entry({ outcome: 'done', target, changes })]);
    } catch (error) {
      throw refuse?.(error) ?? error;
    }
  };

  async function begin() {
    assertPermitted(operation, call);
    const { query } = operation.schemas;
    if (query) assertValid(query, input.query, 'query');
    const results = operation.run(services, input, call, commit);
    return { results, first: await results.next() };
  }

  const { results, first } = await begin().catch(async (error: unknown) => {
    const refused = dryRun ? undefined : refusedOutcome(error);
    const target = { kind: operation.target, id: '' };
    if (refused && (await recordsRefusal(actor))) await db.query(entry({ ...refused, target }));
    throw error;
  });
  let [waiting, failure]: [typeof first | undefined, unknown] = [first, undefined];
  return {
    async next() {
      const result = waiting ?? (await results.next());
      waiting = undefined;
      if (!result.done) return result.value;
      failure ??= result.value;
      return undefined;
    },
    failure: () => failure,
    async stop() {
      await results.return(undefined);
    },
  };
}
