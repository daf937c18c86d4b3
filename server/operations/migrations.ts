import { Type } from 'typebox';
import { assertKnown, type MigrationStatus } from '../platform/migrate.ts';
import { read, stream } from './operation.ts';
import { Nullable, strict, Time } from './schema.ts';

const Migration = strict(
  {
    name: Type.String(),
    state: Type.Enum(['pending', 'done', 'unknown'], { description: 'unknown: of a later version of Cardea' }),
    executed_at: Nullable(Time),
  },
  { title: 'Migration' },
);

/** The schema of the database. */
export const migrations = {
  list: read({
    name: 'migrations.list',
    permission: 'config:read',
    summary: 'List the migrations of the schema',
    schemas: { output: strict({ items: Type.Array(Migration) }) },
    example: { output: { items: [{ name: '0001-initial', state: 'pending', executed_at: null }] } },
    run: async ({ migrations: all }) => ({ items: (await all.list()).map(shown) }),
  }),

  up: stream({
    name: 'migrations.up',
    permission: 'config:write',
    target: 'schema',
    changes: true,
    summary: 'Migrate the schema to this version of Cardea',
    description: 'A line for each migration that ran; in a dry run, for each that would. For the command line alone.',
    schemas: { output: Migration },
    example: { output: { name: '0001-initial', state: 'done', executed_at: '2026-11-01T08:00:00.000Z' } },
    async *run({ migrations: all }, _input, { dryRun = false }, commit) {
      // Nothing is read before: there may be no audit yet, which would have to tell of a refusal.
      yield [];
      if (dryRun) {
        const listed = await all.list();
        assertKnown(listed);
        yield listed.filter(({ state }) => state === 'pending').map(shown);
        return;
      }
      const ran = await all.up((names, send) =>
        commit(
          {
            statements: [],
            target: { kind: 'schema', id: names.at(-1) ?? '' },
            changes: { migrations: { after: names } },
          },
          send,
        ),
      );
      yield (await all.list()).filter(({ name }) => ran.includes(name)).map(shown);
    },
  }),
};

const shown = ({ name, state, executedAt }: MigrationStatus) => ({ name, state, executed_at: executedAt ?? null });
