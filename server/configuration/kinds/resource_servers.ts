import { isDeepStrictEqual } from 'node:util';
import { Type } from 'typebox';
import { ResourceServerDocument, resources, wholeDocument } from '../../operations/resources.ts';
import { all, Key, type Kind } from '../kind.ts';
import type { Members } from '../plan.ts';

type Document = Parameters<typeof wholeDocument>[0];

/** Resource servers (RFC 8707), with the clients by which they introspect. */
export const RESOURCE_SERVERS: Kind = {
  name: 'resource_servers',
  section: Type.Record(Key, ResourceServerDocument, {
    description: 'Resource servers and their scopes, by identifier',
  }),
  desired: (_, entry) => wholeDocument(entry as Document),
  entryOf(_, members) {
    const defaults: Members = wholeDocument({ name: '' });
    return Object.fromEntries(
      Object.entries(members).filter(([name, value]) => !isDeepStrictEqual(value, defaults[name])),
    );
  },
  async read({ resourceServers }) {
    const found = new Map();
    for await (const server of all((request) => resourceServers.list(request))) {
      const { name, scopes, open, clients, tokenTyp: token_typ, managedBy } = server;
      const members = wholeDocument({ name, scopes: [...scopes], open, clients: [...clients], token_typ });
      found.set(server.identifier, { members, managedBy });
    }
    return found;
  },
  create: (identifier, members) => [{ operation: resources.create, body: { identifier, ...members } }],
  update: (identifier, body) => [{ operation: resources.replace, params: { identifier }, body }],
  remove: (identifier) => [{ operation: resources.remove, params: { identifier } }],
};
