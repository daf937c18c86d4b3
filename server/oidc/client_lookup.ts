import { randomBytes } from 'node:crypto';
import { type Client, errors, Provider } from 'oidc-provider';
import { chooseUsableKeys } from './client_keys.ts';
import type { Fetching } from './fetching.ts';
import { buildClient, replaceMethod } from './seams.ts';
import { makePairwise } from './subjects.ts';

/** A client as the provider needs it. */
export interface ClientForProvider {
  /** Why it cannot be served, when the server has become stricter than it was when the client was registered. */
  readonly refusal: string | undefined;
  /** The operator has registered it, so no stranger has chosen the URLs in its metadata. */
  readonly isOperators: boolean;
  readonly hasSecret: boolean;
  /** RFC 7591, without `client_secret`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  matchesSecret(presented: string): boolean;
}

const MAX_CLIENT_ID = 256;
const SECRET_BYTES = 32;

/**
 * The provider would ask its adapter on every request, hash the result and cache a hundred clients. Instead a client is
 * built once for each provider and version of its metadata, and its secret is compared as a hash.
 * @param findClient returns the same object for as long as the client is unchanged
 */
export function replaceClientLookup(
  provider: Provider,
  findClient: (id: string, address: string) => Promise<ClientForProvider | undefined>,
  fetching: Pick<Fetching, 'guard'>,
): void {
  const built = new WeakMap<ClientForProvider, Client>();
  const sources = new WeakMap<object, ClientForProvider>();

  replaceMethod(provider, 'Client.find', () => async (id: unknown) => {
    if (typeof id !== 'string' || id === '' || id.length > MAX_CLIENT_ID) return undefined;
    const source = await findClient(id, Provider.ctx?.ip ?? '');
    if (!source) return undefined;
    if (source.refusal !== undefined) throw new errors.CustomOIDCProviderError('unauthorized_client', source.refusal);
    const client = built.get(source) ?? build(provider, source, fetching);
    built.set(source, client);
    sources.set(client, source);
    return client;
  });
  replaceMethod(
    provider,
    'Client.prototype.compareClientSecret',
    () =>
      function compareClientSecret(this: Client, presented) {
        return sources.get(this)?.matchesSecret(presented) ?? false;
      },
  );
}

function build(provider: Provider, source: ClientForProvider, fetching: Pick<Fetching, 'guard'>): Client {
  const { scope, backchannel_token_delivery_mode: mode, ...metadata } = source.metadata;
  const client = buildClient(provider, {
    ...metadata,
    ...(mode === undefined ? {} : { backchannel_token_delivery_mode: 'poll' }),
    ...(scope ? { scope } : {}),
    // A random value that no client knows: if the comparison above was not called, no secret would match. It is never a key
    // for signing or encryption either, because `algorithms` (requests.ts) has no symmetric ones.
    ...(source.hasSecret ? { client_secret: randomBytes(SECRET_BYTES).toString('base64url') } : {}),
  });
  chooseUsableKeys(client);
  makePairwise(client);
  // The provider has no push mode, and treats every mode except `poll` like `ping`.
  if (mode !== undefined) Object.assign(client, { backchannelTokenDeliveryMode: mode });
  // For the provider no scope means any scope. In Cardea it means none, so it gets a name that no scope can have.
  if (scope === '') Object.assign(client, { scope: ' ' });
  fetching.guard(client, source.isOperators ? 'operator' : 'stranger');
  return client;
}
