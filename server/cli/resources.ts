import { type Command, Option } from 'commander';
import { TOKEN_TYPS, type TokenTyp } from '../clients/vocabulary.ts';
import { resources } from '../operations/resources.ts';
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

interface CreateOptions extends ChangeOptions {
  identifier: string;
  name: string;
  scope: string;
  open?: boolean;
  client?: string[];
  tokenTyp?: TokenTyp;
}

interface UpdateOptions extends Partial<CreateOptions> {
  clients?: boolean;
}

const CLIENT_OPTION = [
  '--client <id>',
  'a client as which the API introspects tokens (RFC 7662): it may introspect all tokens for this API; repeat for more',
] as const;

function tokenTypOption(): Option {
  return new Option(
    '--token-typ <typ>',
    'the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt, such as Spring; clients with the profile fapi2 always get at+jwt',
  ).choices(TOKEN_TYPS);
}

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];
const words = (text: string) => text.split(' ').filter((one) => one !== '');

export function resourcesCommand(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  noun
    .command('create')
    .description('register an API')
    .requiredOption('--identifier <uri>', 'the resource indicator, an absolute URI; becomes the audience of its tokens')
    .requiredOption('--name <name>', 'its name on the consent page')
    .option('--scope <scopes>', 'its scopes, separated by spaces', '')
    .option('--open', 'clients that registered themselves, such as agents, may request access to it')
    .option(...CLIENT_OPTION, several)
    .addOption(tokenTypOption())
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ operate }, options) => {
        const { identifier, name, scope, open = false, client: clients = [], tokenTyp } = options;
        const typ = tokenTyp === undefined ? {} : { token_typ: tokenTyp };
        const body = { identifier, name, scopes: words(scope), open, clients, ...typ };
        printItem(await operate(resources.create, { body }, options), options);
      }),
    );

  changeOptions(noun.command('update'))
    .description('change an API: only what the options name; existing tokens lose removed scopes at once')
    .argument('<identifier>')
    .option('--name <name>', 'its name on the consent page')
    .option('--scope <scopes>', 'its scopes, separated by spaces')
    .option('--open', 'clients that registered themselves, such as agents, may request access to it')
    .option('--no-open', 'only clients that an operator registered may request access to it')
    .option(CLIENT_OPTION[0], `${CLIENT_OPTION[1]}. Replaces the earlier ones`, several)
    .addOption(tokenTypOption())
    .option('--no-clients', 'remove all clients that may introspect tokens for it')
    .action(
      verb<UpdateOptions>(async ({ operate }, options, identifier = '') => {
        const { name, scope, open, client, clients: keepsClients, tokenTyp } = options;
        if (client !== undefined && keepsClients === false)
          throw new UsageError('--client and --no-clients exclude one another');
        const clients = client ?? (keepsClients === false ? [] : undefined);
        const body = {
          ...(name === undefined ? {} : { name }),
          ...(scope === undefined ? {} : { scopes: words(scope) }),
          ...(open === undefined ? {} : { open }),
          ...(clients === undefined ? {} : { clients }),
          ...(tokenTyp === undefined ? {} : { token_typ: tokenTyp }),
        };
        if (Object.keys(body).length === 0) throw new UsageError('nothing to change was given');
        printItem(await operate(resources.update, { params: { identifier }, body }, options), options);
      }),
    );

  listOptions(noun.command('list').description('list all APIs')).action(
    verb<ListOptions>(async (context, options) => {
      const columns = ['identifier', 'name', 'scopes', 'open', 'token_typ', 'managed_by'];
      const items = (await listed(context, resources.list, options)) as Item[];
      printItems(items, columns, 'There are no resource servers.', options);
    }),
  );

  noun
    .command('show')
    .description('show an API')
    .argument('<identifier>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options, identifier = '') => {
        printItem(await operate(resources.show, { params: { identifier } }), options);
      }),
    );

  changeOptions(
    noun
      .command('delete')
      .description('delete an API; existing tokens for it stay valid until they expire')
      .argument('<identifier>'),
  ).action(
    verb<ChangeOptions>(async ({ operate }, options, identifier = '') => {
      printItem(await operate(resources.remove, { params: { identifier } }, options), options);
    }),
  );
}
