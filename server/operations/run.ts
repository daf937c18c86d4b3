import type { Static } from 'typebox';
import { lastAdministrator } from '../accounts/administrators.ts';
import { isAccountId } from '../accounts/identifiers.ts';
import type { Audit, AuditEntry, Changes, Target } from '../audit/entries.ts';
import { type BoundStatement, type Db, type Row, type Send, withinTransaction } from '../platform/db.ts';
import { failedGuard } from '../platform/db_errors.ts';
import { AppError } from '../platform/errors.ts';
import type { Actor } from './actor.ts';
import { assertInput, assertPermitted, refusedOutcome } from './checks.ts';
import { type FullRead, fullRead, fullReadOf, maskedAnswer, showsInFull } from './full_reads.ts';
import type {
  Call,
  Change,
  Commit,
  InputOf,
  Operation,
  Plan,
  Read,
  Schemas,
  Stream,
  StreamInput,
} from './operation.ts';
import { personalNames } from './personal_fields.ts';
import type { RepeatableCall, Results } from './results.ts';
import { type Running, renewed, runStream } from './run_stream.ts';
import type { Services } from './services.ts';

export interface RunParts {
  readonly db: Db;
  /** @param on within the transaction that makes its tables. Default: opened once */
  audit(on?: Db): Promise<Audit>;
  readonly results: Results;
  readonly services: Services;
  /** The same services within a transaction, where they see what it has changed. */
  servicesOn(db: Db): Services;
  /**
   * Called for each change that is denied or refused: false when the audit has so many of this actor that it gets no entry more.
   * A caller without any permission can cause them. Default: all have one.
   */
  recordsRefusal?(actor: Actor): Promise<boolean>;
}

/** Runs operations: checks the permission and the input, and carries out a change with its entry in the audit. */
export interface Runner {
  /**
   * @throws AppError 403 `insufficient_scope`, 400 `invalid_input`, 409 and 412 when it was changed meanwhile, 422
   *   `idempotency_key_reused`, and those of the operation
   */
  run<S extends Schemas>(operation: Read<S> | Change<S>, input: InputOf<S>, call: Call): Promise<OutputOf<S>>;
  /**
   * Begins an operation on very many things.
   * @throws AppError before its first line, as `run` does
   */
  stream<S extends Schemas>(operation: Stream<S>, input: StreamInput<S>, call: Call): Promise<Running<OutputOf<S>>>;
  readonly batch: Batch;
}

/**
 * Runs several changes in one transaction: all happen, or none does. Each sees those before it.
 * @param options `rollBack`: everything is undone in the end
 */
export type Batch = <T>(
  work: (transaction: BatchTransaction) => Promise<T>,
  options?: { readonly rollBack?: boolean },
) => Promise<T>;

export interface BatchTransaction {
  readonly db: Db;
  readonly services: Services;
  /** @throws AppError as `Runner.run` does; then the transaction is undone */
  run<S extends Schemas>(operation: Change<S>, input: InputOf<S>, call: Call): Promise<OutputOf<S>>;
}

/** Maximum number of plans of one call: each is outdated when others have written meanwhile. */
const ATTEMPTS_MAX = 20;

export type OutputOf<S extends Schemas> = Static<S['output']>;

export function createRunner(parts: RunParts): Runner {
  const { db, audit, results, services, servicesOn, recordsRefusal = async () => true } = parts;
  return {
    async run(operation, input, call) {
      if (operation.kind === 'read') {
        assertPermitted(operation, call);
        assertInput(operation.schemas, input);
        return answerOf(operation, input, call, await operation.run(services, input, call));
      }
      const appending = appender(await audit(), call);
      const entry = (rest: EntryOfOperation) => appending({ action: operation.name, ...rest });
      try {
        assertPermitted(operation, call);
        assertInput(operation.schemas, input);
        return await carryOut(operation, input, call, entry);
      } catch (error) {
        const refused = refusedOutcome(error, call);
        const target = { kind: operation.target, id: idIn(operation, input) };
        if (refused && (await recordsRefusal(call.actor))) await db.query(entry({ ...refused, target }));
        throw error;
      }
    },

    stream: (operation, input, call) => runStream({ db, audit, services, recordsRefusal }, operation, input, call),

    async batch(work, options) {
      const { append } = await audit();
      return db.transaction(async (send) => {
        const inside = withinTransaction(send);
        const within = servicesOn(inside);
        return work({
          db: inside,
          services: within,
          async run(operation, input, call) {
            assertPermitted(operation, call);
            assertInput(operation.schemas, input);
            const planned = await operation.plan(within, input, call);
            const appending = appender({ append }, call);
            // What is undone in the end has no entry.
            const shown = { ...call, masked: call.masked || options?.rollBack === true };
            const read = readBy(operation, shown, planned.target);
            const entry = (rest: EntryOfOperation) => appending({ action: operation.name, ...rest });
            try {
              return shownTo(operation, shown, await sendPlan(send, planned, entry, read));
            } catch (error) {
              throw refusal(planned, error, call);
            }
          },
        });
      }, options);
    },
  };

  async function sendPlan<O>(
    send: Send,
    { statements, result, target, changes, counted }: Plan<O>,
    entry: (rest: EntryOfOperation) => BoundStatement,
    read: readonly FullRead[],
  ): Promise<O> {
    // Made in this order, which that of their ids follows.
    const entries = (all: Changes | undefined) =>
      [...(isNothing(all) ? [] : [doneEntry(target, all)]), ...read].map(entry);
    if (!counted)
      return result((await send([...statements, ...entries(changes)])).slice(0, statements.length) as Row[][]);
    const rows = (await send(statements)) as Row[][];
    const more = counted(rows);
    await send(entries(changes || !isNothing(more) ? { ...changes, ...more } : undefined));
    return result(rows);
  }

  function shownTo<O>(operation: Operation, call: Call, output: O): O {
    return showsInFull(operation, call) ? output : maskedAnswer(operation, output);
  }

  /** The answer to a read, whose entry in the audit is stored before anything of it leaves. */
  async function answerOf<O>(operation: Operation, input: InputOf<Schemas>, call: Call, output: O): Promise<O> {
    const read = showsInFull(operation, call) ? fullReadOf(operation, input, output) : undefined;
    if (read) await db.query(appender(await audit(), call)(read));
    return shownTo(operation, call, output);
  }

  async function carryOut<S extends Schemas>(
    operation: Change<S>,
    input: InputOf<S>,
    call: Call,
    entry: (rest: EntryOfOperation) => BoundStatement,
  ): Promise<OutputOf<S>> {
    const { actor, dryRun = false, idempotencyKey } = call;
    const repeated =
      idempotencyKey === undefined || dryRun
        ? undefined
        : await results.repeatable([actor.kind, actor.id, actor.clientId ?? '', operation.name], idempotencyKey, input);
    const stored = repeated && (await results.find(repeated));
    if (stored) return answerOf(operation, input, call, stored.output as OutputOf<S>);
    let planned = await operation.plan(services, input, call);
    const { renew } = renewed(operation, call, services.now);
    if (!dryRun) {
      await planned.beforehand?.(commit).catch((error) => {
        throw refusal(planned, error, call);
      });
    }
    for (let attempts = 1; ; attempts += 1) {
      try {
        const output = await attempt(planned);
        // What a dry run writes is undone, but what it shows is not.
        if (dryRun) for (const read of readBy(operation, call, planned.target)) await db.query(entry(read));
        return shownTo(operation, call, output);
      } catch (error) {
        if (error instanceof Repeated)
          return answerOf(operation, input, call, (await resultOf(error.call)) as OutputOf<S>);
        const isOutdated = failedGuard(error) === 'require_as_read';
        if (!planned.again || !isOutdated || attempts === ATTEMPTS_MAX) throw refusal(planned, error, call);
        planned = await planned.again();
      }
    }

    async function commit({ statements, target, changes = {} }: Parameters<Commit>[0]): Promise<void> {
      if (call.stopping?.aborted)
        throw new AppError('temporarily_unavailable', 'the server stops; send the request again, and it goes on');
      await renew();
      await db.transact([...statements, entry({ outcome: 'done', target, changes })]);
    }

    async function attempt(planned: Plan<OutputOf<S>>): Promise<OutputOf<S>> {
      const read = readBy(operation, call, planned.target);
      return db.transaction(
        async (send) => {
          if (repeated) {
            const [, claimed] = await send(results.claim(repeated));
            if (claimed.length === 0) throw new Repeated(repeated);
          }
          const output = await sendPlan(send, planned, entry, read);
          if (repeated) await send([results.store(repeated, output, planned.owner)]);
          return output;
        },
        { rollBack: dryRun },
      );
    }
  }

  /** The result of a call with the same key that committed while this one waited for it. */
  async function resultOf(call: RepeatableCall): Promise<unknown> {
    const stored = await results.find(call);
    if (!stored) throw new AppError('conflict', 'a call with this Idempotency-Key is under way; try again');
    return stored.output;
  }
}

const doneEntry = (target: Target, changes: Changes | undefined): EntryOfOperation => ({
  outcome: 'done',
  target,
  ...(changes ? { changes } : {}),
});

/** True for a change that leaves everything as it is, such as to disable a disabled user: an entry would claim that it was changed. */
const isNothing = (changes: Changes | undefined): boolean => changes !== undefined && Object.keys(changes).length === 0;

type EntryOfOperation = Pick<AuditEntry, 'outcome' | 'target'> & Partial<AuditEntry>;

/** Makes entries of a call. */
function appender({ append }: Pick<Audit, 'append'>, { actor, requestId, from }: Call) {
  return (entry: Omit<AuditEntry, 'actor' | 'requestId'>): BoundStatement =>
    append({ actor, requestId, ...from, ...entry });
}

/** The entry of a change whose answer shows personal data in full: with the fields that the answer can have, since it is stored before there is one. */
function readBy(operation: Operation, call: Call, target: Target): FullRead[] {
  return showsInFull(operation, call)
    ? [fullRead(operation, target, { fields: personalNames(operation.schemas.output) })]
    : [];
}

/** Ends the transaction of a call whose result another one has stored. */
class Repeated extends Error {
  readonly call: RepeatableCall;
  constructor(call: RepeatableCall) {
    super('repeated');
    this.call = call;
  }
}

function refusal<O>({ refuse, target }: Plan<O>, error: unknown, { ifMatch }: Call): unknown {
  if (failedGuard(error) === 'require_administrator') return lastAdministrator(error);
  // Before the plan is asked: a store does not know which version the caller has read.
  if (failedGuard(error) !== 'require_as_read') return refuse?.(error) ?? error;
  const message = `the ${target.kind} was changed meanwhile; read it again`;
  return new AppError(ifMatch === undefined ? 'changed_meanwhile' : 'precondition_failed', message, { cause: error });
}

/**
 * The id in the input of an operation that was not carried out. Somebody may have sent an e-mail address or a username in its
 * place, which the audit must not keep.
 */
function idIn({ target }: Change<Schemas>, { params }: InputOf<Schemas>): string {
  const [id] = Object.values(params ?? {});
  if (typeof id !== 'string') return '';
  const isId = target === 'user' ? isAccountId(id) : !id.includes('@');
  return isId ? id : '';
}
