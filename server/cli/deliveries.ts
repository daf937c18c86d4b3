import type { Command } from 'commander';
import { deliveries } from '../operations/deliveries.ts';
import { itemVerb, listVerb } from './item_verbs.ts';
import type { CommandTools } from './tools.ts';

export function deliveriesCommand(noun: Command, tools: CommandTools): void {
  listVerb(noun, tools, {
    about: 'list deliveries that wait, those that are tried next first',
    operation: deliveries.list,
    columns: ['id', 'kind', 'client_id', 'user_id', 'attempts', 'next_attempt_at', 'expires_at'],
    empty: 'No delivery waits.',
  });
  const one = { id: 'id' };
  itemVerb(noun, tools, { ...one, name: 'show', about: 'show a delivery', operation: deliveries.show });
  itemVerb(noun, tools, { ...one, name: 'retry', about: 'deliver now', operation: deliveries.retry });
  itemVerb(noun, tools, { ...one, name: 'drop', about: 'drop it: the client is not told', operation: deliveries.drop });
}
