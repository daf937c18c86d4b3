import { type Command, Option } from 'commander';
import { OVERLAP_SECONDS_MOST, type Warning } from '../clients/changes.ts';
import type { Client } from '../clients/client.ts';
import { neededPkce, PROFILES, profileOf, type ServerPolicy } from '../clients/profiles.ts';
import type { ChangedClient } from '../clients/store.ts';
import { type Config, serverPolicyOf } from '../config.ts';
import { notFound } from '../platform/errors.ts';
import { seconds } from '../platform/settings.ts';
import { endStatelessTokensOfClient } from '../records/ended.ts';
import { addMetadataOptions, type MetadataOptions, metadataOf, readJson } from './client_metadata.ts';
import { UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions, type Value } from './output.ts';
import { everyItem } from './pages.ts';
import type { CommandTools } from './tools.ts';

interface CreateOptions extends PrintOptions, MetadataOptions {
  name: string;
  firstParty?: boolean;
  secondFactor?: 'optional' | 'required';
}

interface UpdateOptions extends PrintOptions, MetadataOptions {
  name?: string;
  firstParty?: boolean;
  secondFactor?: 'optional' | 'required';
  claimsFile?: string;
  exchangeFile?: string;
  introspect?: 'own' | 'all';
  openScope?: string;
}

interface RotateOptions extends PrintOptions {
  overlap?: string;
  end?: 'old' | 'new';
}

const KEEP_SECRET = 'Keep the secret now: it is stored as a hash, and cannot be shown again.';

export function clientsCommand(noun: Command, { verb, printItem, printItems, note }: CommandTools): void {
  function printChanged({ client, secret, warnings }: ChangedClient, config: Config, options: PrintOptions): void {
    const { client_id, ...rest } = describe(client, serverPolicyOf(config));
    printItem({ client_id, ...(secret === undefined ? {} : { client_secret: secret }), ...rest }, options);
    for (const { message } of warnings satisfies readonly Warning[]) note(`warning: ${message}`);
    if (secret && !options.json) note(KEEP_SECRET);
  }

  addMetadataOptions(
    noun
      .command('create')
      .description('register an app, and print its secret, which is shown only now')
      .requiredOption('--name <name>', 'its name on the sign-in and consent pages'),
    { updates: false },
  )
    .option('--public', 'a public client, which has no secret: an app in a browser or on a device')
    .option(
      '--native',
      'an app on a device: asks for consent each time, and allows any port in a loopback redirect URI',
    )
    .option('--first-party', 'an app of the operator: people are not asked for consent')
    .addOption(secondFactorOption())
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ clients, config }, options) => {
        const created = await clients.create({
          name: options.name,
          firstParty: options.firstParty ?? false,
          secondFactorRequired: options.secondFactor === 'required',
          metadata: metadataOf(options),
        });
        printChanged(created, config, options);
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
        const described = (await everyItem(clients.list)).map((client) => describe(client, serverPolicyOf(config)));
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

  addMetadataOptions(
    noun
      .command('update')
      .description('change an app: only what the options name')
      .argument('<client-id>')
      .option('--name <name>', 'its name on the sign-in and consent pages'),
    { updates: true },
  )
    .option('--first-party', 'an app of the operator: people are not asked for consent')
    .option('--no-first-party', 'people are asked for consent')
    .addOption(secondFactorOption())
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
        const { name, firstParty, secondFactor, claimsFile, exchangeFile, introspect, openScope } = options;
        const metadata = metadataOf(options);
        const change = {
          ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
          ...(name === undefined ? {} : { name }),
          ...(firstParty === undefined ? {} : { firstParty }),
          ...(secondFactor === undefined ? {} : { secondFactorRequired: secondFactor === 'required' }),
          ...(claimsFile === undefined ? {} : { claimMapping: readJson('--claims-file', claimsFile) }),
          ...(exchangeFile === undefined ? {} : { tokenExchange: readJson('--exchange-file', exchangeFile) }),
          ...(introspect === undefined ? {} : { introspectsAll: introspect === 'all' }),
          ...(openScope === undefined ? {} : { openedScopes: openScope.split(' ').filter((one) => one !== '') }),
        };
        if (Object.keys(change).length === 0) throw new UsageError('nothing to change was given');
        printChanged(await clients.update(id, change), config, options);
      }),
    );

  noun
    .command('delete')
    .description('delete an app, and end its grants and tokens')
    .argument('<client-id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, id = '') => {
        const until = await context.services.signedUntil();
        await context.clients.remove(id, [endStatelessTokensOfClient(id, new Date(context.now()), until)]);
        printItem({ client_id: id, deleted: true }, options);
      }),
    );

  noun
    .command('rotate-secret')
    .description('replace the secret of an app, and print the new one, which is shown only now')
    .argument('<client-id>')
    .option('--overlap <duration>', 'how long the old secret works as well, such as 24h (default: it ends at once)')
    .addOption(
      new Option(
        '--end <which>',
        'make no secret, but end one of two now: the old one, or the new one, which takes the rotation back',
      )
        .choices(['old', 'new'])
        .conflicts('overlap'),
    )
    .option(...JSON_OPTION)
    .action(
      verb<RotateOptions>(async ({ clients }, { overlap, end, ...options }, id = '') => {
        if (end !== undefined) {
          await clients.endOverlap(id, end);
          printItem({ client_id: id, ended_secret: end }, options);
          return;
        }
        const overlapSeconds = overlap === undefined ? 0 : secondsOf(overlap);
        const { client, secret } = await clients.rotateSecret(id, { overlapSeconds });
        printItem({ client_id: id, client_secret: secret, ...previousSecretOf(client) }, options);
        if (!options.json) note(KEEP_SECRET);
      }),
    );
}

function secondsOf(duration: string): number {
  try {
    return seconds(1, OVERLAP_SECONDS_MOST)(duration) as number;
  } catch (error) {
    throw new UsageError(`--overlap ${(error as Error).message}`);
  }
}

function secondFactorOption(): Option {
  return new Option('--second-factor <which>', 'whether every sign-in to it needs a second factor').choices([
    'optional',
    'required',
  ]);
}

function previousSecretOf({ previousSecretUntil }: Client): Item {
  return previousSecretUntil ? { previous_secret_expires_at: previousSecretUntil } : {};
}

/** The members of RFC 7591 §3.2.1, and Cardea's own. */
function describe(client: Client, serverPolicy: ServerPolicy): Item {
  const profile = profileOf(client.metadata, serverPolicy);
  return {
    client_id: client.id,
    version: client.version,
    client_name: client.name,
    kind: client.kind,
    managed_by: client.managedBy,
    first_party: client.firstParty,
    demo: client.demo,
    second_factor_required: client.secondFactorRequired,
    ...previousSecretOf(client),
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
