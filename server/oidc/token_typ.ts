import type { AccessToken, Client, ClientCredentials } from 'oidc-provider';
import { TOKEN_TYPS, type TokenTyp } from '../clients/vocabulary.ts';
import { profileOfClient } from './profiles.ts';

/** The `typ` header of access tokens for a resource server, as far as the client's profile allows it (RFC 9068 §2.1). */
export function tokenTypFor(server: { readonly tokenTyp: TokenTyp }, client: Client): TokenTyp {
  const { tokenTyps } = profileOfClient(client);
  return tokenTyps.find((one) => one === server.tokenTyp) ?? 'at+jwt';
}

/** Writes the header that `tokenTypFor` has put into the resource server of a token, before the token is signed. */
export function writeTokenTyp(
  { resourceServer }: AccessToken | ClientCredentials,
  jwt: { header?: Record<string, unknown> | undefined },
): void {
  const { typ } = (resourceServer?.jwt ?? {}) as { typ?: TokenTyp };
  if (typ !== undefined) jwt.header = { ...jwt.header, typ };
}

/**
 * True for the `typ` header of an access token of this server, whichever its resource server has now: an earlier token can
 * be revoked after a change. ID tokens and what else this server signs have another type or none, and never `client_id` with
 * `jti`, which jwt_access_tokens.ts insists on (RFC 8725 §3.11, §3.12).
 */
export function isTokenTyp(typ: unknown): boolean {
  return (TOKEN_TYPS as readonly unknown[]).includes(typ);
}
