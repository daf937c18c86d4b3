import { createHmac } from 'node:crypto';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';

/** The server secret under which pairwise subjects are made. It can never change: every client would see new people. */
export const PAIRWISE_SECRET = 'pairwise-subjects';

type ProviderClient = NonNullable<KoaContextWithOIDC['oidc']['client']>;

/**
 * The subject by which a client of a sector knows a person (OpenID Connect Core §8.1): the same for all clients of the
 * host, another for each host, and nothing that leads back to the account or from one sector to the next.
 */
export function createPairwise(key: Buffer) {
  return async (_ctx: unknown, accountId: string, client: ProviderClient): Promise<string> => {
    const { sectorIdentifier } = client as { sectorIdentifier?: string };
    if (!sectorIdentifier) throw new errors.InvalidClientMetadata('a pairwise client needs a host of its own');
    // Neither part holds a line break, so no two pairs make the same text.
    return createHmac('sha256', key).update(`${sectorIdentifier}\n${accountId}`).digest('base64url');
  };
}
