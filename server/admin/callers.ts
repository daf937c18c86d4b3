import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../operations/actor.ts';
import { permissionsOf } from '../operations/full_reads.ts';
import type { Operation } from '../operations/operation.ts';
import { AppError } from '../platform/errors.ts';
import type { Owner } from '../platform/own_sealing.ts';
import { type CallerLimits, countCaller, type LimitKeys } from '../platform/route_limits.ts';

/** Who calls. */
export interface Caller extends Actor {
  /** Of a person who acts: their own key, which seals from where they act. */
  readonly owner?: Owner;
  /** `WWW-Authenticate` for an operation that the token has no scope for; undefined where another token would not help. */
  challenge?(permission: Operation['permission']): string[] | undefined;
  /** Who calls, looked up again. @throws AppError 401 when they may not call any more, 503 */
  again(): Promise<Actor>;
}

export interface CallerOptions {
  /**
   * Verifies the access token of a request.
   * @throws AppError 400, 401, 503; with `WWW-Authenticate` (RFC 6750 §3)
   */
  authenticate(request: FastifyRequest, reply: FastifyReply): Promise<Caller>;
  /** Of requests, by scope. */
  readonly limits: CallerLimits;
}

/** Who calls a route. */
export interface Callers {
  /** Before the body is read: a stranger sends none that is parsed. */
  identify(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** @throws AppError 401 */
  callerOf(request: FastifyRequest): Caller;
}

export function createCallers({ authenticate, limits }: CallerOptions): Callers {
  const callers = new WeakMap<FastifyRequest, Caller>();
  return {
    async identify(request, reply) {
      callers.set(request, await countCaller(request, reply, limits, () => authenticate(request, reply), limitKeysOf));
    },
    callerOf(request) {
      const caller = callers.get(request);
      if (!caller) throw new AppError('missing_token', 'an access token is needed');
      return caller;
    },
  };
}

/** A person's requests count for the app by which they act as well. */
function limitKeysOf({ kind, id, clientId }: Actor): LimitKeys {
  return kind === 'client' ? { client: id } : { account: id, client: clientId };
}

/** Says with a refusal which scope the token lacks. */
export function challengeDenied(reply: FastifyReply, caller: Caller, operation: Operation) {
  return (error: unknown): never => {
    const isDenied = error instanceof AppError && error.code === 'insufficient_scope';
    const challenges = isDenied ? permissionsOf(operation).map((one) => caller.challenge?.(one)) : [];
    const challenge = challenges.find((one) => one !== undefined);
    if (challenge) reply.header('www-authenticate', challenge);
    throw error;
  };
}
