import { type Command, Option } from 'commander';
import type { Static } from 'typebox';
import { type ChangedClient, type ClientPatch, exchangeOf, type NewClient } from '../operations/client_document.ts';
import { clients, OVERLAP_SECONDS_MOST } from '../operations/clients.ts';
import { seconds } from '../platform/settings.ts';
import { addMetadataOptions, type MetadataOptions, metadataOf, patchOf, readJson } from './client_metadata.ts';
import { UsageError } from './context.ts';
import { type ListOptions, listed, listOptions } from './lists.ts';
import {
  type ChangeOptions,
  changeOptions,
  DRY_RUN_OPTION,
  type Item,
  JSON_OPTION,
  type PrintOptions,
} from './output.ts';
import type { CommandTools } from './tools.ts';

interface CreateOptions extends ChangeOptions, MetadataOptions {
  name: string;
  firstParty?: boolean;
  secondFactor?: 'optional' | 'required';
}

interface UpdateOptions extends ChangeOptions, MetadataOptions {
  name?: string;
  firstParty?: boolean;
  secondFactor?: 'optional' | 'required';
  claimsFile?: string;
  exchangeFile?: string;
  introspect?: 'own' | 'all';
  openScope?: string;
}

interface RotateOptions extends ChangeOptions {
  overlap?: string;
  end?: 'old' | 'new';
}

const KEEP_SECRET = 'Keep the secret now: it is stored as a hash, and cannot be shown again.';

export function clientsCommand(noun: Command, { verb, printItem, printItems, note }: CommandTools): void {
  function printChanged(changed: Static<typeof ChangedClient>, options: PrintOptions): void {
    const { warnings, ...client } = changed;
    printItem(asItem(changed), options, secretFirst(client));
    const { client_secret: secret } = client;
    for (const { message } of warnings) note(`warning: ${message}`);
    if (secret && !options.json) note(KEEP_SECRET);
  }

  addMetadataOptions(
    noun
      .command('create')
      .option(...DRY_RUN_OPTION)
      .option(...JSON_OPTION)
      .description('register a client, and print its secret, which is shown only now')
      .requiredOption('--name <name>', 'its name on the sign-in and consent pages'),
    { updates: false },
  )
    .option('--public', 'a public client, which has no secret: one in a browser or on a device')
    .option(
      '--native',
      'a client on a device: asks for consent each time, and allows any port in a loopback redirect URI',
    )
    .option('--first-party', 'a client of the operator: people are not asked for consent')
    .addOption(secondFactorOption())
    .action(
      verb<CreateOptions>(async ({ operate }, options) => {
        const body = {
          client_name: options.name,
          first_party: options.firstParty ?? false,
          second_factor_required: options.secondFactor === 'required',
          ...metadataOf(options),
        } as Static<typeof NewClient>;
        printChanged(await operate(clients.create, { body }, options), options);
      }),
    );

  listOptions(noun.command('list').description('list all clients')).action(
    verb<ListOptions>(async (context, options) => {
      const columns = [
        'client_id',
        'client_name',
        'kind',
        'token_endpoint_auth_method',
        'first_party',
        'managed_by',
        'redirect_uris',
      ];
      printItems((await listed(context, clients.list, options)).map(asItem), columns, 'There are no clients.', options);
    }),
  );

  noun
    .command('show')
    .description('show a client')
    .argument('<client-id>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options, id = '') => {
        printItem(asItem(await operate(clients.show, { params: { client_id: id } })), options);
      }),
    );

  addMetadataOptions(
    changeOptions(noun.command('update'))
      .description('change a client: only what the options name')
      .argument('<client-id>')
      .option('--name <name>', 'its name on the sign-in and consent pages'),
    { updates: true },
  )
    .option('--first-party', 'a client of the operator: people are not asked for consent')
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
      'for a client that registered itself: scopes such as groups that it may request besides those open to every client; "" for none',
    )
    .action(
      verb<UpdateOptions>(async ({ operate }, options, id = '') => {
        const { name, firstParty, secondFactor, claimsFile, exchangeFile, introspect, openScope } = options;
        const body = {
          ...patchOf(metadataOf(options)),
          ...(name === undefined ? {} : { client_name: name }),
          ...(firstParty === undefined ? {} : { first_party: firstParty }),
          ...(secondFactor === undefined ? {} : { second_factor_required: secondFactor === 'required' }),
          ...(claimsFile === undefined ? {} : { claim_mapping: readJson('--claims-file', claimsFile) }),
          ...(exchangeFile === undefined
            ? {}
            : { token_exchange: exchangeOf(readJson('--exchange-file', exchangeFile)) }),
          ...(introspect === undefined ? {} : { introspect }),
          ...(openScope === undefined ? {} : { opened_scopes: openScope.split(' ').filter((one) => one !== '') }),
        } as Static<typeof ClientPatch>;
        if (Object.keys(body).length === 0) throw new UsageError('nothing to change was given');
        printChanged(await operate(clients.update, { params: { client_id: id }, body }, options), options);
      }),
    );

  changeOptions(
    noun.command('delete').description('delete a client, and end its grants and tokens').argument('<client-id>'),
  ).action(
    verb<ChangeOptions>(async ({ operate }, options, id = '') => {
      printItem(await operate(clients.remove, { params: { client_id: id } }, options), options);
    }),
  );

  changeOptions(
    noun
      .command('rotate-secret')
      .description('replace the secret of a client, and print the new one, which is shown only now')
      .argument('<client-id>'),
  )
    .option('--overlap <duration>', 'how long the old secret works as well, such as 24h (default: it ends at once)')
    .addOption(
      new Option(
        '--end <which>',
        'make no secret, but end one of two now: the old one, or the new one, which takes the rotation back',
      )
        .choices(['old', 'new'])
        .conflicts('overlap'),
    )
    .action(
      verb<RotateOptions>(async ({ operate }, options, id = '') => {
        const { overlap, end } = options;
        const params = { client_id: id };
        if (end !== undefined) {
          const client = await operate(clients.endSecret, { params, body: { secret: end } }, options);
          printItem(asItem(client), options, { client_id: id, ended_secret: end });
          return;
        }
        const body = overlap === undefined ? {} : { overlap_seconds: secondsOf(overlap) };
        const rotated = await operate(clients.rotateSecret, { params, body }, options);
        const { client_secret: secret, previous_secret_expires_at: until } = rotated;
        printItem(asItem(rotated), options, {
          client_id: id,
          client_secret: secret,
          previous_secret_expires_at: until,
        });
        if (secret && !options.json) note(KEEP_SECRET);
      }),
    );
}

const asItem = (client: object) => client as Item;

/** A person has to keep it, and looks for it at the top. */
const secretFirst = ({ client_id, client_secret, ...rest }: { client_id: string; client_secret?: string }): Item => ({
  client_id,
  client_secret,
  ...asItem(rest),
});

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
