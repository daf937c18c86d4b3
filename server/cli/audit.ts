import type { Command } from 'commander';
import { audit } from '../operations/audit.ts';
import { deliveryCommands } from './audit_destinations.ts';
import { itemVerb, listVerb } from './item_verbs.ts';
import type { CommandTools } from './tools.ts';

export function auditCommand(noun: Command, tools: CommandTools): void {
  listVerb(noun, tools, {
    about: 'list what operators did, the newest first',
    operation: audit.list,
    columns: ['at', 'actor_kind', 'actor_id', 'action', 'target_kind', 'target_id', 'outcome', 'reason'],
    empty: 'There are no entries.',
  });
  itemVerb(noun, tools, {
    id: 'id',
    name: 'show',
    about: 'show an entry, with what was changed',
    operation: audit.show,
  });
  deliveryCommands(noun, tools);
}
