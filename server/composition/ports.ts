import type { PasswordPolicy } from '../accounts/policy.ts';
import type { DetailText } from '../clients/authorization_details.ts';
import type { Interactions, Progress } from '../login/interactions.ts';
import type { createApproval } from '../oidc/ciba_approval.ts';
import type { createInteractions } from '../oidc/interactions.ts';
import type { createSessions } from '../oidc/sessions.ts';
import type { Sessions } from '../selfservice/sessions.ts';
import type { WaitingRequests } from '../selfservice/waiting_requests.ts';
import type { DetailView, NewPasswordRule } from '../views/views.ts';

/*
 * A port that lower layers fulfil is a `Pick<>` of what fulfils it. Where neither side may import the other, both say by
 * themselves what goes from one to the other, and TypeScript lets an optional member pass that the other side calls by
 * another name. Here it does not: each line fails to compile when the port has a name that its fulfiller has not.
 */

/** Whether two types are one and the same. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles for nothing but `never`. */
export type None<T extends never> = T;

type Plain<T> = Exclude<T, undefined | null>;
type NamesOf<T> = T extends unknown ? keyof T & string : never;
type MemberOf<T, Name> = T extends unknown ? (Name extends keyof T ? Plain<T[Name]> : never) : never;

/**
 * Names of a port that its fulfiller does not have: arguments that nobody reads, results that nobody gives. What the
 * fulfiller takes as a mere handle (`object`, `unknown`) is not looked into.
 */
export type Unmet<Port, Fulfiller, Depth extends readonly unknown[] = []> = Depth['length'] extends 8
  ? never
  : Same<Port, Fulfiller> extends true
    ? never
    : [Port] extends [(...args: infer Passed) => infer Wanted]
      ? [Fulfiller] extends [(...args: infer Read) => infer Given]
        ? UnmetIn<Passed, Read, Depth> | Unmet<Plain<Awaited<Wanted>>, Plain<Awaited<Given>>, [...Depth, 0]>
        : never
      : [Port] extends [readonly (infer One)[]]
        ? [Fulfiller] extends [readonly (infer Other)[]]
          ? Unmet<Plain<One>, Plain<Other>, [...Depth, 0]>
          : never
        : [Port] extends [object]
          ? UnmetNames<Port, Fulfiller, Depth>
          : never;

/** By position: an argument that the fulfiller does not take is unmet as a whole. */
type UnmetIn<Passed extends readonly unknown[], Read extends readonly unknown[], Depth extends readonly unknown[]> =
  Required<Passed> extends readonly [infer First, ...infer Rest]
    ? Required<Read> extends readonly [infer Taken, ...infer Others]
      ? Unmet<Plain<First>, Plain<Taken>, [...Depth, 0]> | UnmetIn<Rest, Others, Depth>
      : 'an argument'
    : never;

type UnmetNames<Port, Fulfiller, Depth extends readonly unknown[]> =
  string extends NamesOf<Port>
    ? never
    : [NamesOf<Fulfiller>] extends [never]
      ? never
      :
          | Exclude<NamesOf<Port>, NamesOf<Fulfiller>>
          | {
              [Name in NamesOf<Port> & NamesOf<Fulfiller>]: Unmet<
                MemberOf<Port, Name>,
                MemberOf<Fulfiller, Name>,
                [...Depth, 0]
              >;
            }[NamesOf<Port> & NamesOf<Fulfiller>];

/** What oidc/ fulfils for login/ and selfservice/, and the types of both sides that are one thing. */
export type Ports = [
  None<Unmet<Sessions, ReturnType<typeof createSessions>>>,
  None<Unmet<WaitingRequests, ReturnType<typeof createApproval>>>,
  None<Unmet<Interactions, ReturnType<typeof createInteractions<Progress>>>>,
  // The views declare the types of their data, and import no other layer.
  None<Unmet<DetailView, DetailText>>,
  None<Unmet<NewPasswordRule, PasswordPolicy['rules'][number]>>,
];
