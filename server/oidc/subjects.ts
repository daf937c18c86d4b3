import type { KoaContextWithOIDC } from 'oidc-provider';
import { createPairwise } from './pairwise.ts';

export interface SubjectParts {
  /** See pairwise.ts. */
  readonly pairwiseKey: Buffer;
  /** @returns by what apps without pairwise subjects know the person of an account */
  publicSubjectOf(accountId: string): Promise<string>;
  /** @returns the id of the account that goes by a public subject */
  accountOf(publicSubject: string): Promise<string | undefined>;
}

type ProviderClient = NonNullable<KoaContextWithOIDC['oidc']['client']>;

const HAS_PUBLIC_SUBJECTS = Symbol('has public subjects');

/**
 * Of a client with public subjects the provider takes the id of the account for the subject, and asks for that of a pairwise
 * one wherever it shows or compares subjects (ID tokens, userinfo, JWT access tokens, introspection, logout tokens, hints,
 * the `claims` parameter). So every client is a pairwise one to it, and `createSubjects` decides.
 */
export function askForSubjects(client: object): void {
  const { subjectType } = client as { subjectType?: string };
  if (subjectType === 'pairwise') return;
  Object.defineProperty(client, HAS_PUBLIC_SUBJECTS, { value: true });
  Object.assign(client, { subjectType: 'pairwise' });
}

/** The one place in which the subject of a person is decided (OpenID Connect Core §8). */
export function createSubjects({ pairwiseKey, publicSubjectOf }: Omit<SubjectParts, 'accountOf'>) {
  const pairwise = createPairwise(pairwiseKey);
  return (ctx: unknown, accountId: string, client: ProviderClient): Promise<string> =>
    HAS_PUBLIC_SUBJECTS in client ? publicSubjectOf(accountId) : pairwise(ctx, accountId, client);
}

/**
 * Whom an `id_token_hint` means at the backchannel (CIBA Core §7.1), where the provider takes its subject for the id of an
 * account. Elsewhere it compares subjects, and no client with pairwise ones may use the backchannel.
 */
export function createHintReader({ accountOf }: Pick<SubjectParts, 'accountOf'>) {
  return async ({ oidc }: KoaContextWithOIDC, id: string): Promise<string | undefined> => {
    const { IdTokenHint: hint } = oidc.entities as { IdTokenHint?: { payload: { sub?: unknown } } };
    return oidc.route === 'backchannel_authentication' && hint?.payload.sub === id ? accountOf(id) : id;
  };
}
