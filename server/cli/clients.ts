import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { MetadataInput } from '../clients/metadata.ts';
import { neededPkce, PROFILES, profileOf, type ServerPolicy } from '../clients/profiles.ts';
import type { Client } from '../clients/store.ts';
import { ID_TOKEN_CLAIMS, PKCE_SETTINGS, PROFILE_NAMES } from '../clients/vocabulary.ts';
import { serverPolicyOf } from '../config.ts';
import { AppError, notFound } from '../platform/errors.ts';
import { endStatelessTokensOfClient } from '../records/ended.ts';
import { UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions, type Value } from './output.ts';
import { signedUntil } from './signed_until.ts';
import type { CommandTools } from './tools.ts';

interface CreateOptions extends PrintOptions {
  name: string;
  redirectUri: string[];
  postLogoutRedirectUri: string[];
  scope?: string;
  grantType?: string[];
  authMethod?: string;
  jwksUri?: string;
  jwksFile?: string;
  backchannelLogoutUri?: string;
  backchannelLogoutSession?: boolean;
  public?: boolean;
  native?: boolean;
  firstParty?: boolean;
  secondFactor?: 'optional' | 'required';
  profile?: string;
  pkce?: string;
  idTokenClaims?: string;
  metadataFile?: string;
}

interface UpdateOptions extends PrintOptions {
  backchannelLogoutUri?: string;
  backchannelLogoutSession?: boolean;
  profile?: string;
  pkce?: string;
  idTokenClaims?: string;
  metadataFile?: string;
  secondFactor?: 'optional' | 'required';
  claimsFile?: string;
  exchangeFile?: string;
  introspect?: 'own' | 'all';
  openScope?: string;
}

const NONE = 'none';
const KEEP_SECRET = 'Keep the secret now: it is stored as a hash, and cannot be shown again.';
const LOGOUT_URI = [
  '--backchannel-logout-uri <uri>',
  'the URL that is called when a person signs out (back-channel logout)',
] as const;
const LOGOUT_SESSION = ['--backchannel-logout-session', 'include the session (sid) in that call'] as const;

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];

export function clientsCommand(noun: Command, { verb, printItem, printItems, note }: CommandTools): void {
  noun
    .command('create')
    .description('register an app, and print its secret, which is shown only now')
    .requiredOption('--name <name>', 'its name on the sign-in and consent pages')
    .option('--redirect-uri <uri>', 'an allowed redirect URI, compared exactly; repeat for more', several, [])
    .option(
      '--post-logout-redirect-uri <uri>',
      'an allowed redirect URI after signing out; repeat for more',
      several,
      [],
    )
    .option(
      '--scope <scopes>',
      'all scopes that it may request, separated by spaces (default: openid profile email phone address offline_access)',
    )
    .option(
      '--grant-type <type>',
      'authorization_code, refresh_token, client_credentials, urn:ietf:params:oauth:grant-type:device_code, urn:openid:params:grant-type:ciba; repeat for more',
      several,
    )
    .addOption(
      new Option(
        '--auth-method <method>',
        'client_secret_basic (default), client_secret_post, private_key_jwt or none',
      ).conflicts('public'),
    )
    .addOption(new Option('--jwks-uri <uri>', 'the URL of its JWK Set, for private_key_jwt').conflicts('jwksFile'))
    .option('--jwks-file <file>', 'a file with its JWK Set (public keys)')
    .option(...LOGOUT_URI)
    .option(...LOGOUT_SESSION)
    .option('--public', 'a public client, which has no secret: an app in a browser or on a device')
    .option(
      '--native',
      'an app on a device: asks for consent each time, and allows any port in a loopback redirect URI',
    )
    .option('--first-party', 'an app of the operator: people are not asked for consent')
    .addOption(secondFactorOption())
    .addOption(profileOption())
    .addOption(pkceOption())
    .addOption(idTokenClaimsOption())
    .option(...METADATA_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ clients, config }, options) => {
        const { client, secret } = await clients.create({
          name: options.name,
          firstParty: options.firstParty ?? false,
          secondFactorRequired: options.secondFactor === 'required',
          metadata: metadataOf(options),
        });
        const { client_id, ...rest } = describe(client, serverPolicyOf(config));
        printItem({ client_id, ...(secret === undefined ? {} : { client_secret: secret }), ...rest }, options);
        if (secret && !options.json) note(KEEP_SECRET);
      }),
    );

  noun
    .command('list')
    .description('list all apps')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ clients, config }, options) => {
        const columns = [
          'client_id',
          'client_name',
          'kind',
          'token_endpoint_auth_method',
          'first_party',
          'redirect_uris',
        ];
        const described = (await clients.list()).map((client) => describe(client, serverPolicyOf(config)));
        printItems(described, columns, 'There are no clients.', options);
      }),
    );

  noun
    .command('show')
    .description('show an app')
    .argument('<client-id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ clients, config }, options, id = '') => {
        const client = await clients.find(id);
        if (!client) throw notFound('client', id);
        printItem(describe(client, serverPolicyOf(config)), options);
      }),
    );

  noun
    .command('update')
    .description('change an app: only what the options name')
    .argument('<client-id>')
    .addOption(secondFactorOption())
    .option(LOGOUT_URI[0], `${LOGOUT_URI[1]}; ${NONE} to remove it`)
    .option(...LOGOUT_SESSION)
    .addOption(profileOption())
    .addOption(pkceOption())
    .addOption(idTokenClaimsOption())
    .option(
      METADATA_OPTION[0],
      'its metadata as JSON, in the names of RFC 7591, such as redirect_uris or scope; what is not in the file stays',
    )
    .option('--claims-file <file>', 'rules for its additional claims, as a JSON list; [] removes them')
    .option('--exchange-file <file>', 'the policy for token exchange (RFC 8693), as a JSON object; null forbids it')
    .addOption(
      new Option(
        '--introspect <which>',
        'access tokens that it may introspect: own (its own, and those for its resource servers) or all',
      ).choices(['own', 'all']),
    )
    .option(
      '--open-scope <scopes>',
      'for an app that registered itself: scopes such as groups that it may request besides those open to every app; "" for none',
    )
    .option(...JSON_OPTION)
    .action(
      verb<UpdateOptions>(async ({ clients, config }, options, id = '') => {
        const { secondFactor, claimsFile, exchangeFile, introspect, openScope } = options;
        const metadata = { ...logoutOf(options), ...furtherMetadata(options) };
        if (
          (secondFactor ?? claimsFile ?? exchangeFile ?? introspect ?? openScope) === undefined &&
          Object.keys(metadata).length === 0
        ) {
          throw new UsageError('nothing to change was given');
        }
        const { client, secret } = await clients.update(id, {
          metadata,
          ...(secondFactor === undefined ? {} : { secondFactorRequired: secondFactor === 'required' }),
          ...(claimsFile === undefined ? {} : { claimMapping: readJson('--claims-file', claimsFile) }),
          ...(exchangeFile === undefined ? {} : { tokenExchange: readJson('--exchange-file', exchangeFile) }),
          ...(introspect === undefined ? {} : { introspectsAll: introspect === 'all' }),
          ...(openScope === undefined ? {} : { openedScopes: openScope.split(' ').filter((one) => one !== '') }),
        });
        const { client_id, ...rest } = describe(client, serverPolicyOf(config));
        printItem({ client_id, ...(secret === undefined ? {} : { client_secret: secret }), ...rest }, options);
        if (secret && !options.json) note(KEEP_SECRET);
      }),
    );

  noun
    .command('delete')
    .description('delete an app, and end its grants and tokens')
    .argument('<client-id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, id = '') => {
        const until = await signedUntil(context);
        await context.clients.remove(id, [endStatelessTokensOfClient(id, new Date(context.now()), until)]);
        printItem({ client_id: id, deleted: true }, options);
      }),
    );

  noun
    .command('rotate-secret')
    .description('replace the secret of an app at once, and print the new one, which is shown only now')
    .argument('<client-id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ clients }, options, id = '') => {
        const secret = await clients.rotateSecret(id);
        printItem({ client_id: id, client_secret: secret }, options);
        if (!options.json) note(KEEP_SECRET);
      }),
    );
}

const METADATA_OPTION = [
  '--metadata-file <file>',
  'further metadata as JSON, in the names of RFC 7591, such as id_token_signed_response_alg',
] as const;

function profileOption(): Option {
  return new Option('--profile <profile>', "the security profile, where it is stricter than the server's").choices(
    PROFILE_NAMES,
  );
}

function pkceOption(): Option {
  return new Option(
    '--pkce <setting>',
    'whether it must use PKCE: required; auto, as the profile says: in oauth21 not for an app with a secret that sends a nonce; off, for an app that cannot, if it has a secret or key',
  ).choices(PKCE_SETTINGS);
}

function idTokenClaimsOption(): Option {
  return new Option(
    '--id-token-claims <which>',
    'what its ID tokens have: full, the claims of granted scopes (default), or minimal, only who signed in and how (default in fapi2); userinfo has the claims in both cases',
  ).choices(ID_TOKEN_CLAIMS);
}

/** Options override the file. */
function furtherMetadata({
  profile,
  pkce,
  idTokenClaims,
  metadataFile,
}: Pick<UpdateOptions, 'profile' | 'pkce' | 'idTokenClaims' | 'metadataFile'>): MetadataInput {
  return {
    ...(metadataFile === undefined ? {} : readObject('--metadata-file', metadataFile)),
    ...(profile === undefined ? {} : { profile }),
    ...(pkce === undefined ? {} : { pkce }),
    ...(idTokenClaims === undefined ? {} : { id_token_claims: idTokenClaims }),
  };
}

function secondFactorOption(): Option {
  return new Option('--second-factor <which>', 'whether every sign-in to it needs a second factor').choices([
    'optional',
    'required',
  ]);
}

function metadataOf(options: CreateOptions): MetadataInput {
  const method = options.public ? 'none' : options.authMethod;
  return {
    ...furtherMetadata(options),
    ...(options.redirectUri.length > 0 ? { redirect_uris: options.redirectUri } : {}),
    ...(options.postLogoutRedirectUri.length > 0 ? { post_logout_redirect_uris: options.postLogoutRedirectUri } : {}),
    ...(options.scope === undefined ? {} : { scope: options.scope }),
    ...(options.grantType === undefined ? {} : { grant_types: options.grantType }),
    ...(options.native ? { application_type: 'native' } : {}),
    ...(method === undefined ? {} : { token_endpoint_auth_method: method }),
    ...logoutOf(options),
    ...(options.jwksUri === undefined ? {} : { jwks_uri: options.jwksUri }),
    ...(options.jwksFile === undefined ? {} : { jwks: readJson('--jwks-file', options.jwksFile) }),
  };
}

/** OpenID Connect Back-Channel Logout 1.0 §2.2; an undefined member removes the stored value. */
function logoutOf({ backchannelLogoutUri: uri, backchannelLogoutSession: session }: UpdateOptions): MetadataInput {
  if (uri === NONE) return { backchannel_logout_uri: undefined, backchannel_logout_session_required: undefined };
  return {
    ...(uri === undefined ? {} : { backchannel_logout_uri: uri }),
    ...(session ? { backchannel_logout_session_required: true } : {}),
  };
}

function readObject(option: string, file: string): object {
  const value = readJson(option, file);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new AppError('unreadable_file', `${option} ${file} must hold a JSON object`);
}

function readJson(option: string, file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'it is not JSON';
    throw new AppError('unreadable_file', `${option} ${file} cannot be read: ${why}`, { cause });
  }
}

/** The members of RFC 7591 §3.2.1, and Cardea's own. */
function describe(client: Client, serverPolicy: ServerPolicy): Item {
  const profile = profileOf(client.metadata, serverPolicy);
  return {
    client_id: client.id,
    client_name: client.name,
    kind: client.kind,
    first_party: client.firstParty,
    demo: client.demo,
    second_factor_required: client.secondFactorRequired,
    ...(client.introspectsAll ? { introspect: 'all' } : {}),
    ...(client.openedScopes.length > 0 ? { opened_scopes: client.openedScopes } : {}),
    ...(client.metadata as unknown as Item),
    pkce: client.metadata.pkce ?? 'auto',
    pkce_needed: neededPkce(client.metadata, profile),
    id_token_claims: client.metadata.id_token_claims ?? PROFILES[profile].idTokenClaims,
    ...(client.claimMapping.length > 0 ? { claim_mapping: client.claimMapping as unknown as Value } : {}),
    ...(client.tokenExchange ? { token_exchange: client.tokenExchange as unknown as Value } : {}),
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  };
}
