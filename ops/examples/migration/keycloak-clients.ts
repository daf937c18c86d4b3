/**
 * The clients of a realm export of Keycloak as a configuration file of Cardea (JSON, which is YAML too), on standard output. What is not
 * carried over is told on standard error.
 * node ops/examples/migration/keycloak-clients.ts realm.json > clients.yaml
 */
import { readFileSync } from 'node:fs';

/** The members of a client of an export that are read here. */
interface RealmClient {
  readonly clientId: string;
  readonly name?: string;
  readonly enabled?: boolean;
  readonly protocol?: string;
  readonly bearerOnly?: boolean;
  readonly publicClient?: boolean;
  readonly consentRequired?: boolean;
  readonly standardFlowEnabled?: boolean;
  readonly implicitFlowEnabled?: boolean;
  readonly directAccessGrantsEnabled?: boolean;
  readonly serviceAccountsEnabled?: boolean;
  readonly clientAuthenticatorType?: string;
  readonly rootUrl?: string;
  readonly redirectUris?: readonly string[];
  readonly defaultClientScopes?: readonly string[];
  readonly optionalClientScopes?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Those that Keycloak makes in each realm for its own pages and API. */
const OF_KEYCLOAK = /^(account|account-console|admin-cli|broker|realm-management|security-admin-console)$/;
const SCOPES = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access', 'groups', 'roles'];
/** Default scopes of Keycloak that only put claims into tokens, which Cardea has in any case or by a mapping. */
const NO_SCOPES = new Set(['web-origins', 'acr', 'basic', 'microprofile-jwt', 'service_account', 'organization']);

const note = (id: string, text: string) => process.stderr.write(`${id}: ${text}\n`);

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('name the realm export: keycloak-clients.ts realm.json');
const { clients = [] } = JSON.parse(readFileSync(file, 'utf8')) as { clients?: readonly RealmClient[] };
const converted = clients
  .filter(({ clientId }) => !OF_KEYCLOAK.test(clientId))
  .flatMap((client) => {
    const why = reasonToLeave(client);
    if (why !== undefined) note(client.clientId, `is not carried over: ${why}`);
    return why === undefined ? [[client.clientId, convert(client)] as const] : [];
  });
process.stdout.write(`${JSON.stringify({ clients: Object.fromEntries(converted) }, null, 2)}\n`);

function reasonToLeave({ enabled, protocol, bearerOnly }: RealmClient): string | undefined {
  if (enabled === false) return 'it is disabled';
  if (protocol !== undefined && protocol !== 'openid-connect') return `Cardea has no ${protocol}`;
  if (bearerOnly) return 'it is an API: register it by `cardea resources create`';
  return undefined;
}

function convert(client: RealmClient): Record<string, unknown> {
  const { clientId: id, name = '', attributes = {} } = client;
  const usesCode = client.standardFlowEnabled !== false;
  const redirects = usesCode ? redirectUrisOf(client) : [];
  const codeGrants = usesCode ? ['authorization_code', 'refresh_token'] : [];
  const isDevice = attributes['oauth2.device.authorization.grant.enabled'] === 'true';
  const grants = [
    ...codeGrants,
    ...(client.serviceAccountsEnabled ? ['client_credentials'] : []),
    ...(isDevice ? ['urn:ietf:params:oauth:grant-type:device_code'] : []),
  ];
  if (client.implicitFlowEnabled) note(id, 'the implicit flow is not carried over: use the code flow');
  if (client.directAccessGrantsEnabled) note(id, 'the grant password does not exist (RFC 9700 section 2.4)');
  const logout = attributes['backchannel.logout.url'];
  return {
    // Names of Keycloak’s own clients are keys of its translations.
    client_name: name === '' || name.startsWith('${') ? id : name,
    ...authenticationOf(client),
    grant_types: grants,
    response_types: usesCode ? ['code'] : [],
    redirect_uris: redirects,
    ...(usesCode ? { post_logout_redirect_uris: logoutUrisOf(attributes, redirects, id) } : {}),
    ...(logout ? { backchannel_logout_uri: logout } : {}),
    ...(attributes['pkce.code.challenge.method'] === 'S256' ? { pkce: 'required' } : {}),
    scope: scopesOf(client).join(' '),
    ...(usesCode ? { first_party: client.consentRequired !== true } : {}),
  };
}

function authenticationOf({ clientId: id, publicClient, clientAuthenticatorType, attributes = {} }: RealmClient) {
  if (publicClient) return { token_endpoint_auth_method: 'none' };
  if (clientAuthenticatorType === 'client-jwt' && attributes['jwks.url']) {
    return { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: attributes['jwks.url'] };
  }
  const variable = `SECRET_OF_${id.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
  note(id, `set ${variable} to the secret of the client before the file is applied`);
  return { client_secret: `env:${variable}` };
}

/** URIs without patterns; Keycloak also takes paths below `rootUrl`. */
function redirectUrisOf({ clientId: id, rootUrl = '', redirectUris = [] }: RealmClient): string[] {
  return redirectUris.flatMap((uri) => {
    const whole = uri.startsWith('/') ? rootUrl + uri : uri;
    if (!whole.includes('*') && /^[a-z][a-z0-9+.-]*:/i.test(whole)) return [whole];
    note(id, `the redirect URI ${uri} is a pattern: declare each URI that the app uses`);
    return [];
  });
}

function logoutUrisOf(
  attributes: Readonly<Record<string, string>>,
  redirects: readonly string[],
  id: string,
): string[] {
  return (attributes['post.logout.redirect.uris'] ?? '').split('##').flatMap((uri) => {
    if (uri === '+') return [...redirects];
    if (uri === '' || uri === '-') return [];
    if (!uri.includes('*')) return [uri];
    note(id, `the URI after signing out ${uri} is a pattern: declare each URI that the app uses`);
    return [];
  });
}

function scopesOf({ clientId: id, defaultClientScopes = [], optionalClientScopes = [] }: RealmClient): string[] {
  const wanted = ['openid', ...defaultClientScopes, ...optionalClientScopes].filter((name) => !NO_SCOPES.has(name));
  const others = wanted.filter((name) => !SCOPES.includes(name));
  if (others.length > 0) {
    note(id, `scopes of your own are not carried over: ${others.join(' ')}; declare them with their resource server`);
  }
  return SCOPES.filter((name) => wanted.includes(name));
}
