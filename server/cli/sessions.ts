import type { Command } from 'commander';
import { grants } from '../operations/grants.ts';
import { lockouts } from '../operations/lockouts.ts';
import { sessions } from '../operations/sessions.ts';
import { itemVerb, listVerb } from './item_verbs.ts';
import type { CommandTools } from './tools.ts';

/* The nouns `sessions`, `grants` and `lockouts`. */

export function sessionsCommand(noun: Command, tools: CommandTools): void {
  listVerb(noun, tools, {
    about: 'list the sessions of all people, the latest first',
    operation: sessions.list,
    columns: ['uid', 'user_id', 'clients', 'signed_in_at', 'amr', 'expires_at', 'ends_at'],
    empty: 'Nobody is signed in.',
  });
  const one = { id: 'uid' };
  itemVerb(noun, tools, { ...one, name: 'show', about: 'show a session, with its browser', operation: sessions.show });
  itemVerb(noun, tools, { ...one, name: 'end', about: 'end a session, with its tokens', operation: sessions.end });
}

export function grantsCommand(noun: Command, tools: CommandTools): void {
  listVerb(noun, tools, {
    about: 'list what people have allowed to clients, the latest first',
    operation: grants.list,
    columns: ['id', 'user_id', 'client_id', 'scopes', 'created_at', 'expires_at'],
    empty: 'There are no grants.',
  });
  const one = { id: 'id' };
  itemVerb(noun, tools, { ...one, name: 'show', about: 'show a grant', operation: grants.show });
  itemVerb(noun, tools, { ...one, name: 'revoke', about: 'revoke a grant, with its tokens', operation: grants.revoke });
}

export function lockoutsCommand(noun: Command, tools: CommandTools): void {
  listVerb(noun, tools, {
    about: 'list the locks that are in force',
    operation: lockouts.list,
    columns: ['id', 'user_id', 'factor', 'locked_until'],
    empty: 'Nobody is locked out.',
  });
  itemVerb(noun, tools, {
    id: 'id',
    name: 'end',
    about: 'end a lock; "users unlock" ends all of a person',
    operation: lockouts.end,
  });
}
