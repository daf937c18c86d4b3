import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';

type Flow = 'machine' | 'person' | 'none';

const GRANT_FLOWS: Readonly<Record<string, Flow>> = {
  client_credentials: 'machine',
  authorization_code: 'person',
  refresh_token: 'person',
};

/** Requests that a browser makes or continues, and the one that is pushed for it. */
const AUTHORIZATION_ROUTES = new Set(['authorization', 'pushed_authorization_request', 'resume']);

/**
 * Lets a client request the admin API: a machine by client credentials, a person by an authorization code and an app of the
 * operator. Every other flow is refused, such as that of a device, where a person can be made to approve the request of another.
 * @throws InvalidTarget
 */
export async function assertAdminApiFlow(
  ctx: KoaContextWithOIDC,
  client: Client,
  isFirstParty: (clientId: string) => Promise<boolean>,
): Promise<void> {
  const flow = flowOf(ctx);
  if (flow === 'none') {
    throw new errors.InvalidTarget('the admin API is reached by client_credentials or by response_type=code alone');
  }
  if (flow === 'person' && !(await isFirstParty(client.clientId))) {
    throw new errors.InvalidTarget('people reach the admin API by a first-party client alone');
  }
}

function flowOf({ oidc }: KoaContextWithOIDC): Flow {
  const { grant_type: grantType, response_type: responseType } = oidc.params ?? {};
  if (oidc.route === 'token') return GRANT_FLOWS[String(grantType)] ?? 'none';
  return AUTHORIZATION_ROUTES.has(oidc.route) && responseType === 'code' ? 'person' : 'none';
}
