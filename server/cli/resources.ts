import type { Command } from 'commander';
import type { ResourceServer } from '../clients/resource_servers.ts';
import { notFound } from '../platform/errors.ts';
import { verb } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions, printItem, printItems } from './output.ts';

interface CreateOptions extends PrintOptions {
  identifier: string;
  name: string;
  scope: string;
  open?: boolean;
}

export function resourcesCommand(noun: Command): void {
  noun
    .command('create')
    .description('register an API')
    .requiredOption('--identifier <uri>', 'the resource indicator, an absolute URI; becomes the audience of its tokens')
    .requiredOption('--name <name>', 'what people read on the consent page')
    .option('--scope <scopes>', 'the scopes that it knows, separated by spaces', '')
    .option('--open', 'apps that you have not made, such as agents, may ask people for access to it')
    .option(...JSON_OPTION)
    .action(
      verb<CreateOptions>(async ({ resourceServers }, options) => {
        const { identifier, name, scope, open = false } = options;
        const scopes = scope.split(' ').filter((one) => one !== '');
        printItem(describe(await resourceServers.create({ identifier, name, scopes, open })), options);
      }),
    );

  noun
    .command('list')
    .description('all APIs')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ resourceServers }, options) => {
        const items = (await resourceServers.list()).map(describe);
        printItems(items, ['identifier', 'name', 'scopes', 'open'], 'There are no resource servers.', options);
      }),
    );

  noun
    .command('show')
    .description('one API')
    .argument('<identifier>')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ resourceServers }, options, identifier = '') => {
        const found = await resourceServers.find(identifier);
        if (!found) throw notFound('resource server', identifier);
        printItem(describe(found), options);
      }),
    );

  noun
    .command('delete')
    .description('remove an API; tokens that it holds already are valid until they expire')
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
    name: server.name,
    scopes: server.scopes,
    open: server.open,
    created_at: server.createdAt,
  };
}
