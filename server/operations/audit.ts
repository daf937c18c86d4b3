import { type Static, Type } from 'typebox';
import type { AuditRow } from '../audit/entries.ts';
import { detailsOfEntries } from '../audit/opened_details.ts';
import { notFound } from '../platform/errors.ts';
import { LIST_LIMIT_MAX } from '../platform/listing.ts';
import { read, stream } from './operation.ts';
import { LIST_QUERY, pageOf } from './pages.ts';
import { personal } from './personal_fields.ts';
import { Id, Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Change = strict({ before: Type.Optional(Type.Unknown()), after: Type.Optional(Type.Unknown()) });

const AuditEntry = strict(
  {
    id: Id,
    at: Time,
    actor_kind: Type.String({ description: 'cli, client, person or system' }),
    actor_id: Type.String({
      description: 'the id of the user or client; of the command line, the user of the machine',
    }),
    client_id: Type.Union([Type.String(), Type.Null()], { description: 'the client by which a person acted' }),
    action: Type.String({ description: 'the name of the operation' }),
    target_kind: Type.String({ description: 'the kind of what was changed, such as user' }),
    target_id: Type.String({ description: 'its id; empty when there was none yet' }),
    outcome: Type.String({
      description: 'done; denied, without the permission; refused, because of the input or the state',
    }),
    reason: Type.Union([Type.String(), Type.Null()], { description: 'the error code of what was not done' }),
    changes: Type.Record(Type.String(), Change, {
      description:
        'by field, before and after; of a secret or personal field, the name alone: neither is ever stored here',
    }),
    request_id: Type.String({ description: 'the same as in the log of the server' }),
    session_id: Nullable(Type.String(), 'of the session in which it happened'),
    address: Type.Union([Type.String(), Type.Null()], {
      ...personal('network'),
      description: 'the network address from which it was done; null also when the person was erased',
    }),
    device: Type.Union([Type.String(), Type.Null()], {
      ...personal('text'),
      description: 'the User-Agent; null also when the person was erased',
    }),
    intact: Type.Boolean({
      description: 'false: the row is not as Cardea has written it; verify the audit to find what else was changed',
    }),
  },
  { title: 'AuditEntry' },
);

const EXAMPLE: Static<typeof AuditEntry> = {
  id: '019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e',
  at: '2026-11-01T08:00:00.000Z',
  actor_kind: 'person',
  actor_id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f',
  client_id: 'console',
  action: 'groups.update',
  target_kind: 'group',
  target_id: 'staff',
  outcome: 'done',
  reason: null,
  changes: { description: { before: 'Everybody', after: 'Employees' } },
  request_id: '1f0c9d5e-2b3a-4c4d-8e5f-6a7b8c9d0e1f',
  session_id: null,
  address: '192.0.2.1',
  device: 'Mozilla/5.0',
  intact: true,
};

/** The record of what was done, and of what was refused. */
export const audit = {
  list: read({
    name: 'audit.list',
    permission: 'audit:read',
    summary: 'List entries of the audit, the newest first',
    description:
      'Filter by at, action, actor_kind, actor_id, client_id, target_kind, target_id, outcome, session_id or request_id.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(AuditEntry, 'Entries of the audit') },
    example: {
      input: { query: { filter: 'action sw "groups." and outcome eq "done"' } },
      output: { items: [EXAMPLE] },
    },
    async run(services, { query }) {
      const page = await services.audit.list(query);
      return { ...page, items: await shownEntries(services, page.items) };
    },
  }),

  show: read({
    name: 'audit.show',
    permission: 'audit:read',
    summary: 'Show an entry of the audit',
    schemas: { params: strict({ id: Id }), output: AuditEntry },
    example: { input: { params: { id: EXAMPLE.id } }, output: EXAMPLE },
    async run(services, { params: { id } }) {
      const entry = await services.audit.find(id);
      const [shown] = entry ? await shownEntries(services, [entry]) : [];
      if (!shown) throw notFound('audit entry', id);
      return shown;
    },
  }),

  export: stream({
    name: 'audit.export',
    permission: 'audit:read',
    target: 'export',
    changes: false,
    masks: true,
    summary: 'Export entries of the audit, the oldest first',
    description:
      'One entry a line, in JSON: all that there are when it begins. When it cannot be completed the connection breaks.',
    schemas: { query: strict({ filter: LIST_QUERY.filter }), output: AuditEntry },
    example: { input: { query: { filter: 'at ge "2026-11-01T00:00:00Z"' } }, output: EXAMPLE },
    async *run(services, { query: { filter } }, call, commit) {
      const until = services.now();
      const read = (cursor?: string) => services.audit.list({ filter, sort: 'at', limit: LIST_LIMIT_MAX, cursor });
      let page = await read();
      const target = { kind: 'export', id: call.requestId };
      // A filter may have an e-mail address.
      await commit({ statements: [], target, changes: filter === undefined ? {} : { filter: {} } });
      for (;;) {
        const rows = page.items.filter(({ at }) => at.getTime() <= until);
        yield await shownEntries(services, rows);
        if (page.next === undefined || rows.length < page.items.length) return undefined;
        page = await read(page.next);
      }
    },
  }),
};

/** With the details, which the keys of people and of months open, and whether each is as it was written. */
async function shownEntries(services: Services, rows: readonly AuditRow[]): Promise<Static<typeof AuditEntry>[]> {
  const sealersOf = async (ids: readonly string[]) => (await services.accountStores()).accounts.sealersOf(ids);
  const opened = await detailsOfEntries({ openByMonth: services.audit.openByMonth, sealersOf }, rows);
  const changed = await services.audit.changed(rows);
  return rows.map((row) => {
    const { mac: _, sealed_details: __, details_account: ___, details_month: ____, at, changes, ...entry } = row;
    const details = opened.get(row.id);
    return {
      ...entry,
      at: at.toISOString(),
      changes: changes as Static<typeof AuditEntry>['changes'],
      address: details?.address ?? null,
      device: details?.device ?? null,
      intact: !changed.has(row.id),
    };
  });
}
