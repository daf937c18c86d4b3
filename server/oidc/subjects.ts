import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { createPairwise } from './pairwise.ts';

export interface SubjectParts {
  /** See pairwise.ts. */
  readonly pairwiseKey: Buffer;
  /** @returns the subject of an account for clients without pairwise subjects */
  publicSubjectOf(accountId: string): Promise<string>;
  /** @returns the id of the account with that subject */
  accountOf(publicSubject: string): Promise<string | undefined>;
}

const HAS_PUBLIC_SUBJECTS = Symbol('has public subjects');

/**
 * For a client with public subjects the provider uses the id of the account as the subject. For a pairwise one it asks
 * wherever it shows or compares a subject (ID tokens, userinfo, JWT access tokens, introspection, logout tokens, hints, the
 * `claims` parameter). So it sees every client as a pairwise one, and `createSubjects` decides.
 */
export function makePairwise(client: object): void {
  const { subjectType } = client as { subjectType?: string };
  if (subjectType === 'pairwise') return;
  Object.defineProperty(client, HAS_PUBLIC_SUBJECTS, { value: true });
  Object.assign(client, { subjectType: 'pairwise' });
}

/** The subject of a person for a client (OpenID Connect Core §8). No other code decides it. */
export function createSubjects({ pairwiseKey, publicSubjectOf }: Omit<SubjectParts, 'accountOf'>) {
  const pairwise = createPairwise(pairwiseKey);
  return (ctx: unknown, accountId: string, client: Client): Promise<string> =>
    HAS_PUBLIC_SUBJECTS in client ? publicSubjectOf(accountId) : pairwise(ctx, accountId, client);
}

/**
 * The account of an `id_token_hint` in a backchannel request (CIBA Core §7.1), where the provider uses its subject as the id of
 * an account. No client with pairwise subjects may make such requests. Elsewhere the provider compares subjects.
 */
export function createHintReader({ accountOf }: Pick<SubjectParts, 'accountOf'>) {
  return async ({ oidc }: KoaContextWithOIDC, id: string): Promise<string | undefined> => {
    const { IdTokenHint: hint } = oidc.entities as { IdTokenHint?: { payload: { sub?: unknown } } };
    return oidc.route === 'backchannel_authentication' && hint?.payload.sub === id ? accountOf(id) : id;
  };
}
