import { createHmac } from 'node:crypto';
import { type Client, errors } from 'oidc-provider';

/** The server secret of pairwise subjects. It must never change, because clients would see other subjects. */
export const PAIRWISE_SECRET = 'pairwise-subjects';

/**
 * The subject of a person for the clients of one sector (OpenID Connect Core §8.1). Without the key it cannot be linked to
 * the account, or to the subject for another sector.
 */
export function createPairwise(key: Buffer) {
  return async (_ctx: unknown, accountId: string, client: Client): Promise<string> => {
    const { sectorIdentifier } = client as { sectorIdentifier?: string };
    if (!sectorIdentifier) throw new errors.InvalidClientMetadata('a pairwise client needs a host of its own');
    // Neither part contains a line break, so two different pairs never make the same text.
    return createHmac('sha256', key).update(`${sectorIdentifier}\n${accountId}`).digest('base64url');
  };
}
