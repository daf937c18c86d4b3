import { type Command, Option } from 'commander';
import type { ResourceServer } from '../clients/resource_servers.ts';
import { TOKEN_TYPS } from '../clients/vocabulary.ts';
import { notFound } from '../platform/errors.ts';
import { UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { everyItem } from './pages.ts';
import type { CommandTools } from './tools.ts';

interface CreateOptions extends PrintOptions {
  identifier: string;
  name: string;
  scope: string;
  open?: boolean;
  client?: string[];
  tokenTyp?: string;
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
    'the typ header of its access tokens: at+jwt (RFC 9068, default), or JWT for a library that refuses at+jwt, such as Spring; apps with the profile fapi2 always get at+jwt',
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
    .option('--open', 'apps that registered themselves, such as agents, may request access to it')
    .option(...CLIENT_OPTION, several)
    .addOption(tokenTypOption())
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ resourceServers }, options) => {
        const { identifier, name, scope, open = false, client: clients = [], tokenTyp } = options;
        const typ = tokenTyp === undefined ? {} : { tokenTyp };
        const server = await resourceServers.create({ identifier, name, scopes: words(scope), open, clients, ...typ });
        printItem(describe(server), options);
      }),
    );

  noun
    .command('update')
    .description('change an API: only what the options name; existing tokens lose removed scopes at once')
    .argument('<identifier>')
    .option('--name <name>', 'its name on the consent page')
    .option('--scope <scopes>', 'its scopes, separated by spaces')
    .option('--open', 'apps that registered themselves, such as agents, may request access to it')
    .option('--no-open', 'only apps that an operator registered may request access to it')
    .option(CLIENT_OPTION[0], `${CLIENT_OPTION[1]}. Replaces the earlier ones`, several)
    .addOption(tokenTypOption())
    .option('--no-clients', 'remove all clients that may introspect tokens for it')
    .option(...JSON_OPTION)
    .action(
      verb<UpdateOptions>(async ({ resourceServers }, options, identifier = '') => {
        const { name, scope, open, client, clients: keepsClients, tokenTyp } = options;
        if (client !== undefined && keepsClients === false)
          throw new UsageError('--client and --no-clients exclude one another');
        const clients = client ?? (keepsClients === false ? [] : undefined);
        const change = {
          ...(name === undefined ? {} : { name }),
          ...(scope === undefined ? {} : { scopes: words(scope) }),
          ...(open === undefined ? {} : { open }),
          ...(clients === undefined ? {} : { clients }),
          ...(tokenTyp === undefined ? {} : { tokenTyp }),
        };
        if (Object.keys(change).length === 0) throw new UsageError('nothing to change was given');
        printItem(describe(await resourceServers.update(identifier, change)), options);
      }),
    );

  noun
    .command('list')
    .description('list all APIs')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ resourceServers }, options) => {
        const items = (await everyItem(resourceServers.list)).map(describe);
        printItems(
          items,
          ['identifier', 'name', 'scopes', 'open', 'token_typ'],
          'There are no resource servers.',
          options,
        );
      }),
    );

  noun
    .command('show')
    .description('show an API')
    .argument('<identifier>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ resourceServers }, options, identifier = '') => {
        const server = await resourceServers.find(identifier);
        if (!server) throw notFound('resource server', identifier);
        printItem(describe(server), options);
      }),
    );

  noun
    .command('delete')
    .description('delete an API; existing tokens for it stay valid until they expire')
    .argument('<identifier>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ resourceServers }, options, identifier = '') => {
        await resourceServers.remove(identifier);
        printItem({ identifier, deleted: true }, options);
      }),
    );
}

function describe(server: ResourceServer): Item {
  return {
    identifier: server.identifier,
    version: server.version,
    name: server.name,
    managed_by: server.managedBy,
    scopes: server.scopes,
    open: server.open,
    clients: server.clients,
    token_typ: server.tokenTyp,
    created_at: server.createdAt,
    updated_at: server.updatedAt,
  };
}
