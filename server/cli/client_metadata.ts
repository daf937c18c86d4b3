import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ID_TOKEN_CLAIMS, PKCE_SETTINGS, PROFILE_NAMES } from '../clients/vocabulary.ts';
import { AppError } from '../platform/errors.ts';

type MetadataInput = Readonly<Record<string, unknown>>;

/** Options of `clients create` and `clients update` that are metadata of the client. */
export interface MetadataOptions {
  redirectUri?: string[];
  postLogoutRedirectUri?: string[];
  scope?: string;
  grantType?: string[];
  authMethod?: string;
  jwksUri?: string;
  jwksFile?: string;
  backchannelLogoutUri?: string;
  backchannelLogoutSession?: boolean;
  public?: boolean;
  native?: boolean;
  profile?: string;
  pkce?: string;
  idTokenClaims?: string;
  metadataFile?: string;
}

/** Removes a value. */
const NONE = 'none';

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];

/** Adds the options to a verb. @param updates the verb changes an existing client, whose other metadata stays */
export function addMetadataOptions(verb: Command, { updates }: { readonly updates: boolean }): Command {
  const replaces = updates ? '. Replaces the earlier ones' : '';
  const scopeDefault = updates ? '' : ' (default: openid profile email phone address offline_access)';
  const methods = `client_secret_basic${updates ? '' : ' (default)'}, client_secret_post, private_key_jwt or none`;
  return verb
    .option('--redirect-uri <uri>', `an allowed redirect URI, compared exactly; repeat for more${replaces}`, several)
    .option(
      '--post-logout-redirect-uri <uri>',
      `an allowed redirect URI after signing out; repeat for more${replaces}`,
      several,
    )
    .option('--scope <scopes>', `all scopes that it may request, separated by spaces${scopeDefault}`)
    .option(
      '--grant-type <type>',
      `authorization_code, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code, urn:openid:params:grant-type:ciba; repeat for more${replaces}`,
      several,
    )
    .addOption(new Option('--auth-method <method>', methods).conflicts('public'))
    .addOption(new Option('--jwks-uri <uri>', 'the URL of its JWK Set, for private_key_jwt').conflicts('jwksFile'))
    .option('--jwks-file <file>', 'a file with its JWK Set (public keys)')
    .option(
      '--backchannel-logout-uri <uri>',
      `the URL that is called when a person signs out (back-channel logout)${updates ? `; ${NONE} to remove it` : ''}`,
    )
    .option('--backchannel-logout-session', 'include the session (sid) in that call')
    .addOption(
      new Option('--profile <profile>', "the security profile, where it is stricter than the server's").choices(
        PROFILE_NAMES,
      ),
    )
    .addOption(
      new Option(
        '--pkce <setting>',
        'whether it must use PKCE: required; auto, as the profile says: in oauth21 not for a client with a secret that sends a nonce; off, for a client that cannot, if it has a secret or key',
      ).choices(PKCE_SETTINGS),
    )
    .addOption(
      new Option(
        '--id-token-claims <which>',
        'what its ID tokens have: full, the claims of granted scopes (default), or minimal, only who signed in and how (default in fapi2); userinfo has the claims in both cases',
      ).choices(ID_TOKEN_CLAIMS),
    )
    .option(
      '--metadata-file <file>',
      updates
        ? 'its metadata as JSON, in the names of RFC 7591, such as redirect_uris or scope; what is not in the file stays'
        : 'further metadata as JSON, in the names of RFC 7591, such as id_token_signed_response_alg',
    );
}

/** The metadata that the options name; they override the file. */
export function metadataOf(options: MetadataOptions): MetadataInput {
  const method = options.public ? 'none' : options.authMethod;
  return {
    ...(options.metadataFile === undefined ? {} : readObject('--metadata-file', options.metadataFile)),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(options.pkce === undefined ? {} : { pkce: options.pkce }),
    ...(options.idTokenClaims === undefined ? {} : { id_token_claims: options.idTokenClaims }),
    ...(options.redirectUri === undefined ? {} : { redirect_uris: options.redirectUri }),
    ...(options.postLogoutRedirectUri === undefined
      ? {}
      : { post_logout_redirect_uris: options.postLogoutRedirectUri }),
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    ...(options.grantType === undefined ? {} : { grant_types: options.grantType }),
    ...(options.native ? { application_type: 'native' } : {}),
    ...(method === undefined ? {} : { token_endpoint_auth_method: method }),
    ...logoutOf(options),
    ...keysOf(options),
  };
}

/** The metadata as a patch (RFC 7396), where null removes a value. */
export function patchOf(metadata: MetadataInput): object {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, value ?? null]));
}

/** OpenID Connect Back-Channel Logout 1.0 §2.2; an undefined member removes the stored value. */
function logoutOf({ backchannelLogoutUri: uri, backchannelLogoutSession: session }: MetadataOptions): MetadataInput {
  if (uri === NONE) return { backchannel_logout_uri: undefined, backchannel_logout_session_required: undefined };
  return {
    ...(uri === undefined ? {} : { backchannel_logout_uri: uri }),
    ...(session ? { backchannel_logout_session_required: true } : {}),
  };
}

/** A client has one of both (RFC 7591 §2), so each replaces the other. */
function keysOf({ jwksUri, jwksFile }: MetadataOptions): MetadataInput {
  if (jwksUri !== undefined) return { jwks_uri: jwksUri, jwks: undefined };
  if (jwksFile !== undefined) return { jwks: readJson('--jwks-file', jwksFile), jwks_uri: undefined };
  return {};
}

function readObject(option: string, file: string): object {
  const value = readJson(option, file);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new AppError('unreadable_file', `${option} ${file} must hold a JSON object`);
}

export function readJson(option: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'it is not JSON';
    throw new AppError('unreadable_file', `${option} ${file} cannot be read: ${why}`, { cause });
  }
}
