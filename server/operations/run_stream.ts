import type { Static } from 'typebox';
import type { Audit, AuditEntry } from '../audit/entries.ts';
import type { Clock } from '../platform/clock.ts';
import { type BoundStatement, type Db, withinTransaction } from '../platform/db.ts';
import type { Actor } from './actor.ts';
import { assertPermitted, refusedOutcome } from './checks.ts';
import { askedIn, fullRead, maskedAnswer, showsInFull, targetKindOf } from './full_reads.ts';
import type { Call, Commit, InputLine, Operation, Schemas, Stream, StreamInput } from './operation.ts';
import { personalNames } from './personal_fields.ts';
import { assertValid } from './schema.ts';
import type { Services } from './services.ts';

/** A stream that has begun. */
export interface Running<Line> {
  /** @returns the next lines of the result; undefined at its end. @throws AppError, when no line can tell of it */
  next(): Promise<readonly Line[] | undefined>;
  /** The error that ended it early, which its last line tells as well; undefined when it has read all of its input. */
  failure(): unknown;
  /** Ends it: what it is doing is completed first. */
  stop(): Promise<void>;
}

/** Milliseconds after which it is looked up again what the caller of a stream may do. */
export const ACTOR_MS = 30_000;

interface StreamParts {
  readonly db: Db;
  audit(on?: Db): Promise<Audit>;
  readonly services: Services;
  recordsRefusal(actor: Actor): Promise<boolean>;
}

export async function runStream<S extends Schemas>(
  { db, audit, services, recordsRefusal }: StreamParts,
  operation: Stream<S>,
  input: StreamInput<S>,
  begun: Call,
): Promise<Running<Static<S['output']>>> {
  const { actor, requestId, dryRun = false } = begun;
  const { call, renew } = renewed(operation, begun, services.now);
  const entry = async (
    rest: Pick<AuditEntry, 'outcome' | 'target'> & Partial<AuditEntry>,
    on?: Db,
  ): Promise<BoundStatement> =>
    (await audit(on)).append({ actor, action: operation.name, requestId, ...begun.from, ...rest });

  /** @throws the error */
  async function refused(error: unknown): Promise<never> {
    const outcome = refusedOutcome(error, begun);
    if (outcome && (await recordsRefusal(actor))) {
      await db.query(await entry({ ...outcome, target: { kind: operation.target, id: '' } }));
    }
    throw error;
  }

  const commit: Commit = async ({ statements, target, changes = {}, refuse }, send) => {
    if (dryRun) return;
    try {
      const on = send && withinTransaction(send);
      await (on ?? db).transact([...statements, await entry({ outcome: 'done', target, changes }, on)]);
    } catch (error) {
      throw refuse?.(error) ?? error;
    }
  };

  const inFull = showsInFull(operation, call);

  async function begin() {
    assertPermitted(operation, call);
    const { query } = operation.schemas;
    if (query) assertValid(query, input.query, 'query');
    const lines = operation.schemas.body ? each(input.lines, () => renew().catch(refused)) : input.lines;
    const results = operation.run(services, { ...input, lines }, call, commit);
    const first = await results.next();
    if (inFull) {
      const { filters, fields = personalNames(operation.schemas.output) } = askedIn({ query: input.query });
      const about = { fields, filter_fields: filters };
      await db.query(await entry(fullRead(operation, { kind: targetKindOf(operation), id: '' }, about)));
    }
    return { results, first };
  }

  const { results, first } = await begin().catch(refused);
  let [waiting, failure]: [typeof first | undefined, unknown] = [first, undefined];
  return {
    async next() {
      // One that has an input tells of it in its last line.
      if (!operation.schemas.body) await renew().catch(refused);
      const result = waiting ?? (await results.next());
      waiting = undefined;
      if (!result.done) return inFull ? result.value : result.value.map((line) => maskedAnswer(operation, line));
      failure ??= result.value;
      return undefined;
    },
    failure: () => failure,
    async stop() {
      await results.return(undefined);
    },
  };
}

/** The call, and a function that looks up its actor again when it was not for a while. */
export function renewed(operation: Operation, begun: Call, now: Clock) {
  let { actor } = begun;
  let at = now();
  const call: Call = {
    ...begun,
    get actor() {
      return actor;
    },
  };
  return {
    call,
    /** @throws AppError 401, 403, 503 */
    async renew(): Promise<void> {
      if (!begun.actorNow || Math.abs(now() - at) < ACTOR_MS) return;
      actor = await begun.actorNow();
      assertPermitted(operation, call);
      at = now();
    },
  };
}

async function* each(lines: AsyncIterable<readonly InputLine[]>, before: () => Promise<void>) {
  for await (const some of lines) {
    await before();
    yield some;
  }
}
