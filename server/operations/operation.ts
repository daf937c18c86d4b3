import type { Static, TObject, TSchema } from 'typebox';
import type { Action } from '../audit/actions.ts';
import type { AuditEntry, Changes, Target } from '../audit/entries.ts';
import type { BoundStatement, Row, Send } from '../platform/db.ts';
import type { ErrorCode } from '../platform/errors.ts';
import type { Owner } from '../platform/own_sealing.ts';
import type { Actor } from './actor.ts';
import type { Permission } from './permissions.ts';
import type { Services } from './services.ts';

/**
 * An operation is something that an operator can do. It is defined once, here in a file by noun; the command line, the HTTP
 * API and the configuration file run it and hold no logic of their own. `run.ts` runs it.
 */

/** The schemas of an operation. Objects refuse unknown members. */
export interface Schemas {
  /** What it is about, such as the id in a path. */
  readonly params?: TObject;
  /** How it is asked for. */
  readonly query?: TObject;
  readonly body?: TSchema;
  readonly output: TSchema;
}

type PartOf<S, Name extends string> = S extends { readonly [N in Name]: infer T extends TSchema }
  ? Static<T>
  : undefined;

export interface InputOf<S extends Schemas> {
  readonly params: PartOf<S, 'params'>;
  readonly query: PartOf<S, 'query'>;
  readonly body: PartOf<S, 'body'>;
}

/** How an operation is asked for, besides its input. */
export interface Call {
  readonly actor: Actor;
  readonly requestId: string;
  /** From where it is asked for; sealed in the audit. */
  readonly from?: Pick<AuditEntry, 'details' | 'detailsOf'> | undefined;
  /** Everything is checked and nothing is changed. */
  readonly dryRun?: boolean | undefined;
  /** The ETag that the caller has read (RFC 9110 §13.1.1); undefined: any. */
  readonly ifMatch?: string | undefined;
  /** Also changes what a configuration file manages. */
  readonly force?: boolean | undefined;
  /** The configuration file makes the change: what it is about belongs to the file from then on. */
  readonly fromFile?: boolean | undefined;
  /** A retry with the same key gets the result of the first call (`Idempotency-Key`). */
  readonly idempotencyKey?: string | undefined;
  /**
   * Looks up again who asks and what they may do, for an operation that takes long. Default: `actor`, throughout.
   * @throws AppError 401 when the token, its client or its person has ended; 503
   */
  actorNow?(): Promise<Actor>;
  /** Aborted when the process stops: a change of many parts then ends after the part under way. */
  readonly stopping?: AbortSignal | undefined;
  /** Personal data is shown masked to this caller, who may see it in full. */
  readonly masked?: boolean | undefined;
  /** Told how many things a long change has changed so far. */
  readonly progress?: ((done: number) => void) | undefined;
}

/** For an operation that everybody may run who has a valid token. */
export const ANY_CALLER = 'any caller';

interface Common<S extends Schemas> {
  readonly permission: Permission | typeof ANY_CALLER;
  /** Others that it needs besides. */
  readonly also?: readonly Permission[];
  /** One line, in the imperative. */
  readonly summary: string;
  readonly description?: string;
  readonly schemas: S;
  /** Codes of errors that others of its kind do not have, such as `conflict` of a read: the documents name their statuses. */
  readonly errors?: readonly ErrorCode[];
  /** Valid by the schemas; shown in the documents. */
  readonly example: { readonly input?: Partial<InputOf<S>>; readonly output: Static<S['output']> };
}

export interface Read<S extends Schemas> extends Common<S> {
  readonly kind: 'read';
  /** `noun.verb` */
  readonly name: string;
  /** @throws AppError 4xx */
  run(services: Services, input: InputOf<S>, call: Call): Promise<Static<S['output']>>;
}

export interface Change<S extends Schemas> extends Common<S> {
  readonly kind: 'change';
  /** `noun.verb`, as in the audit. */
  readonly name: Action;
  /** The noun of what it changes, for the audit. */
  readonly target: string;
  /** Reads and checks, and says what to change; changes nothing. @throws AppError 4xx */
  plan(services: Services, input: InputOf<S>, call: Call): Promise<Plan<Static<S['output']>>>;
}

/** The change of one operation. All its statements happen in one transaction with the entry in the audit, or none does. */
export interface Plan<Output> {
  readonly statements: readonly BoundStatement[];
  readonly target: Target;
  /** Empty: nothing is changed, and the audit has no entry that says so. Default: nothing can be told of them. */
  readonly changes?: Changes;
  /** More of them, which are known when the statements have run. @param rows of each statement */
  counted?(rows: readonly Row[][]): Changes;
  /** The person whose data the result has: their own key seals it where it is stored for repeated calls. */
  readonly owner?: Owner;
  /** @param rows of each statement */
  result(rows: readonly Row[][]): Output;
  /**
   * Makes changes, each in a transaction of its own with an entry in the audit, before that of the plan: for what is about too much
   * for one transaction. A call that was interrupted is repeated, and goes on. There is none in a dry run.
   */
  beforehand?(commit: Commit): Promise<void>;
  /** The error for the caller when the database refuses the transaction, such as one for a name that is taken. */
  refuse?(error: unknown): unknown;
  /**
   * Plans once more when what was read has been changed meanwhile, for a change that does not depend on a version that the
   * caller has seen. Default: it is refused.
   */
  again?(): Promise<Plan<Output>>;
}

/**
 * An operation on very many things: its input and its result are lines that come one after another, and are never in memory
 * together. In the schemas, `body` is one line of the input and `output` one of the result.
 */
export interface Stream<S extends Schemas> extends Common<S> {
  readonly kind: 'stream';
  /** `noun.verb`, as in the audit. */
  readonly name: Action;
  /** The noun of what it is about, for the audit. */
  readonly target: string;
  /** It changes something, and has a dry run. */
  readonly changes: boolean;
  /**
   * Its lines are masked for who may not see personal data in full. Default: only who may see it can run it, since what was exported is
   * imported again.
   */
  readonly masks?: true;
  /**
   * Its first result comes before it reads a line; what is thrown until then is an answer of its own.
   * @param call its `actor` is looked up again from time to time
   * @param commit makes a change with its entry in the audit, in one transaction; nothing happens in a dry run
   * @returns the error that ended it early, which its last line tells as well
   * @throws AppError, when no line can tell of it
   */
  run(
    services: Services,
    input: StreamInput<S>,
    call: Call,
    commit: Commit,
  ): AsyncGenerator<readonly Static<S['output']>[], unknown>;
}

export interface StreamInput<S extends Schemas> {
  readonly query: PartOf<S, 'query'>;
  /** As they arrive. */
  readonly lines: AsyncIterable<readonly InputLine[]>;
}

export interface InputLine {
  /** From 1. */
  readonly number: number;
  /** Not checked by a schema; an Error for a line that could not be read. */
  readonly value: unknown;
  readonly bytes: number;
}

/** @param send sends the statements in a transaction of the caller's own. Default: in one that has nothing else */
export type Commit = (
  change: Omit<Plan<unknown>, 'result' | 'again' | 'beforehand' | 'counted'>,
  send?: Send,
) => Promise<void>;

// biome-ignore lint/suspicious/noExplicitAny: a list of operations has all kinds of schemas, which no other type accepts
export type Operation = Read<any> | Change<any> | Stream<any>;

export function read<const S extends Schemas>(operation: Omit<Read<S>, 'kind'>): Read<S> {
  return { kind: 'read', ...operation };
}

export function change<const S extends Schemas>(operation: Omit<Change<S>, 'kind'>): Change<S> {
  return { kind: 'change', ...operation };
}

export function stream<const S extends Schemas>(operation: Omit<Stream<S>, 'kind'>): Stream<S> {
  return { kind: 'stream', ...operation };
}

/** True for an operation that has a dry run. */
export function changesSomething(operation: Operation): boolean {
  return operation.kind === 'change' || (operation.kind === 'stream' && operation.changes);
}
