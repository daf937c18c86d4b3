import { type Static, Type } from 'typebox';
import { checkGroupOrRole } from '../../accounts/profile.ts';
import { groups } from '../../operations/groups.ts';
import { strict } from '../../operations/schema.ts';
import { Key, type Kind } from '../kind.ts';
import { namedThings } from './named.ts';

const Description = Type.String({ maxLength: 500, description: 'for operators' });
const GroupEntry = strict({ description: Type.Optional(Description) });

export const GROUPS: Kind = {
  name: 'groups',
  section: Type.Record(Key, GroupEntry, { description: 'Groups of people, by name' }),
  desired(name, entry) {
    checkGroupOrRole('groups', name);
    return { description: (entry as Static<typeof GroupEntry>).description ?? '' };
  },
  entryOf: (_, { description }) => (description === '' ? {} : { description }),
  read: ({ groups: store }) => namedThings(store, ({ description }) => ({ description })),
  create: (name, members) => [{ operation: groups.create, body: { name, ...members } }],
  update: (name, members) => [{ operation: groups.update, params: { name }, body: members }],
  remove: (name) => [{ operation: groups.remove, params: { name }, query: {} }],
};
