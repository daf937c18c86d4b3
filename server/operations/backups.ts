import { type Static, Type } from 'typebox';
import { endLinksAfterRestore } from '../accounts/after_restore.ts';
import type { Changes } from '../audit/entries.ts';
import type { Chosen, Made, Restored, RestoreEnd } from '../backup/backups.ts';
import type { CopyProgress } from '../backup/create.ts';
import type { Label } from '../backup/manifest.ts';
import type { Run as PastRun } from '../backup/runs.ts';
import type { ListedBackup } from '../backup/stored.ts';
import { endAfterRestore } from '../records/after_restore.ts';
import { erasing } from './erasure.ts';
import { type Commit, read, type Stream, stream } from './operation.ts';
import { Nullable, strict, Time } from './schema.ts';
import { withProgress } from './slow_work.ts';

const Count = Type.Integer({ minimum: 0 });

const Backup = strict(
  {
    name: Type.String(),
    created_at: Nullable(Time, 'the moment that everything in it is of; null when its label cannot be read'),
    bytes: Nullable(Count, 'of the file, encrypted'),
    rows: Nullable(Count),
    product_version: Nullable(Type.String()),
    last_migration: Nullable(Type.String()),
    master_keys: Type.Array(Type.String(), { description: 'ids of the master keys that it needs' }),
    signing_keys: Type.Array(Type.String(), { description: 'kid of each signing key in it' }),
    audit_size: Nullable(Count, 'the size of the tree of the newest signed head of the audit in it'),
    problem: Nullable(Type.String(), 'the code of the error when it cannot be restored here'),
  },
  { title: 'Backup' },
);

const Run = strict({
  name: Nullable(Type.String()),
  began_at: Time,
  ended_at: Time,
  bytes: Nullable(Count),
  failure: Nullable(Type.String(), 'the code of the error; null for a good one'),
});

const Line = strict(
  {
    type: Type.Enum(['progress', 'finding', 'result']),
    doing: Type.Optional(Type.Enum(['reading', 'writing', 'comparing'])),
    table: Type.Optional(Type.String()),
    bytes: Type.Optional(Count),
    name: Type.Optional(Type.String({ description: 'of the backup' })),
    created_at: Type.Optional(Time),
    rows: Type.Optional(Count),
    removed: Type.Optional(Type.Array(Type.String(), { description: 'old backups that were removed' })),
    not_removed: Type.Optional(Type.String({ description: 'why other old backups are still there' })),
    meaning: Type.Optional(Type.String({ description: 'of a finding' })),
    findings: Type.Optional(Count),
    replaced: Type.Optional(
      Type.Array(strict({ table: Type.String(), rows: Count }), { description: 'rows that were lost' }),
    ),
    erased_again: Type.Optional({ ...Count, description: 'accounts that were erased after the backup' }),
    audit_size: Type.Optional(Nullable(Count, 'of the audit in the backup')),
    audit_size_seen: Type.Optional(Nullable(Count, 'of the newest head that is known of the audit that was lost')),
    sessions_kept: Type.Optional(Type.Boolean()),
    audit_events: Type.Optional(Count),
    opened: Type.Optional({ ...Count, description: 'sealed values that the master key has opened' }),
    dry_run: Type.Optional(Type.Boolean()),
  },
  { title: 'BackupLine' },
);

const CHOSEN = {
  from: Type.Optional(Type.String({ description: 'a folder or s3://bucket/prefix; default: CARDEA_BACKUP_TO' })),
  name: Type.Optional(Type.String({ description: 'default: the newest' })),
  identity: Type.String({ description: 'the file of the identity of age' }),
  erasures: Type.Optional(
    Type.Array(Type.String(), { description: 'other places with lists of erased people than that of the backup' }),
  ),
  without_erasures: Type.Optional(
    Type.String({ description: 'numbers of lists of erased people that may be missing, such as 11-12,15' }),
  ),
};

interface ChosenQuery extends Omit<Chosen, 'withoutErasures'> {
  readonly without_erasures?: string;
}

const chosenOf = ({ without_erasures: withoutErasures, ...chosen }: ChosenQuery): Chosen => ({
  ...chosen,
  withoutErasures,
});

const NAME = 'cardea-20261101T020000Z-1f3a5c7e';
const EXAMPLE_RUN = {
  name: NAME,
  began_at: '2026-11-01T02:00:00.000Z',
  ended_at: '2026-11-01T02:00:40.000Z',
  bytes: 734_003_200,
  failure: null,
};

const FOR_COMMANDS = 'For the command line alone.';

const CREATED = {
  name: 'backups.create',
  permission: 'backups:write',
  target: 'backup',
  changes: false,
  description: `Servers go on meanwhile. ${FOR_COMMANDS}`,
  example: { output: { type: 'result', name: NAME, bytes: 734_003_200, rows: 4_200_000, removed: [] } },
} as const satisfies Partial<Stream<{ output: typeof Line }>>;

const telling = (tell: (line: Static<typeof Line>) => void) => (at: CopyProgress) =>
  tell({ type: 'progress', doing: 'reading', ...at });

/** Notes a backup that was made, and tells of it. */
async function* noted({ name, label, removed, failure }: Made, commit: Commit): AsyncGenerator<Static<typeof Line>[]> {
  const { file, created_at } = label;
  const rows = rowsOf(label);
  const changes = visible({ bytes: file.bytes, rows, sha256: file.sha256, removed });
  await commit({ statements: [], target: { kind: 'backup', id: name }, changes });
  const not = failure === undefined ? {} : { not_removed: failure.message };
  yield [{ type: 'result', name, created_at, bytes: file.bytes, rows, removed: [...removed], ...not }];
}

/** The backup that the server makes by itself by the schedule. It sends no line when another node has made it already. */
export const dueBackup = stream({
  ...CREATED,
  summary: 'Make the backup that is due',
  schemas: { output: Line },
  async *run({ backups: all }, _input, _call, commit) {
    const made = yield* withProgress<Static<typeof Line>, Made | undefined>((tell) => all.createDue(telling(tell)));
    if (made) yield* noted(made, commit);
    return undefined;
  },
});

/** Copies of the database (ops/docs/backup.md). */
export const backups = {
  list: read({
    name: 'backups.list',
    permission: 'backups:read',
    summary: 'List the backups, the newest first',
    schemas: { output: strict({ items: Type.Array(Backup) }) },
    errors: ['backup_not_configured', 'backup_storage'],
    example: {
      output: {
        items: [
          {
            name: NAME,
            created_at: '2026-11-01T02:00:00.000Z',
            bytes: 734_003_200,
            rows: 4_200_000,
            product_version: '0.1.0',
            last_migration: '0048-backups',
            master_keys: ['9f86d081'],
            signing_keys: ['vV3yJ5qg'],
            audit_size: 2_431,
            problem: null,
          },
        ],
      },
    },
    run: async ({ backups: all }) => ({ items: (await all.list()).map(shown) }),
  }),

  status: read({
    name: 'backups.status',
    permission: 'backups:read',
    summary: 'Show the last backup, how old it is, and when the next one is due',
    schemas: {
      output: strict(
        {
          configured: Type.Boolean(),
          age_seconds: Nullable(
            Type.Integer({ minimum: 0 }),
            'since the last good backup began; null before the first',
          ),
          last: Nullable(Run, 'the last good one of this installation'),
          failed: Nullable(Run, 'the newest that failed, if it is newer than the last good one'),
          due_at: Nullable(Time, 'null where none are made by themselves'),
        },
        { title: 'BackupStatus' },
      ),
    },
    example: {
      output: {
        configured: true,
        age_seconds: 3_600,
        last: EXAMPLE_RUN,
        failed: null,
        due_at: '2026-11-02T02:00:00.000Z',
      },
    },
    async run({ backups: all, now }) {
      const { good, failed } = await all.last();
      const dueIn = await all.dueIn();
      return {
        configured: all.settings.to !== undefined && all.settings.recipients.length > 0,
        age_seconds: good ? Math.max(0, Math.floor((now() - good.began_at.getTime()) / 1_000)) : null,
        last: good ? shownRun(good) : null,
        failed: failed ? shownRun(failed) : null,
        due_at: dueIn === undefined ? null : new Date(now() + dueIn).toISOString(),
      };
    },
  }),

  create: stream({
    ...CREATED,
    summary: 'Make a backup of the database',
    schemas: { output: Line },
    async *run({ backups: all }, _input, _call, commit) {
      yield* noted(yield* withProgress<Static<typeof Line>, Made>((tell) => all.create(telling(tell))), commit);
      return undefined;
    },
  }),

  verify: stream({
    name: 'backups.verify',
    permission: 'backups:write',
    target: 'backup',
    changes: false,
    summary: 'Restore a backup into a database of its own, and compare everything with what the backup says',
    description: FOR_COMMANDS,
    schemas: { query: strict({ ...CHOSEN, scratch: Type.Optional(Type.String()) }), output: Line },
    example: {
      output: { type: 'result', name: NAME, rows: 4_200_000, findings: 0, audit_events: 2_431, opened: 1_000_012 },
    },
    async *run({ backups: all }, { query: { scratch, ...chosen } }, _call, commit) {
      const verified = yield* withProgress((tell) =>
        all.verify(chosenOf(chosen), scratch, (at) => tell({ type: 'progress' as const, ...at })),
      );
      const { name, manifest, findings, auditEvents: audit_events, opened } = verified;
      const changes = visible({ findings: findings.length, backup: manifest.id });
      if (verified.isNoted) await commit({ statements: [], target: { kind: 'backup', id: name }, changes });
      yield findings.map((meaning) => ({ type: 'finding' as const, meaning }));
      const { created_at } = manifest;
      yield [
        {
          type: 'result' as const,
          name,
          created_at,
          rows: rowsOf(manifest),
          findings: findings.length,
          audit_events,
          opened,
        },
      ];
      return undefined;
    },
  }),

  restore: stream({
    name: 'backups.restore',
    permission: 'backups:write',
    target: 'backup',
    changes: true,
    summary: 'Make the database what it was when a backup was made',
    description:
      'The backup is read to its end first, and nothing is changed when it is damaged, of another master key or of a later version. ' +
      `Servers must be stopped. ${FOR_COMMANDS}`,
    schemas: {
      query: strict({
        ...CHOSEN,
        replace: Type.Optional(Type.Boolean()),
        keep_sessions: Type.Optional(Type.Boolean()),
      }),
      output: Line,
    },
    example: {
      output: {
        type: 'result',
        name: NAME,
        rows: 4_200_000,
        erased_again: 2,
        audit_size: 2_431,
        audit_size_seen: null,
      },
    },
    async *run(services, { query }, { dryRun = false }, commit) {
      // Nothing is read before: there may be no audit yet, which would have to tell of a refusal.
      yield [];
      const { replace = false, keep_sessions: keep = false, ...given } = query;
      const chosen = chosenOf(given);
      const { backups: all } = services;
      const endings = keep ? [] : [...endAfterRestore(), endLinksAfterRestore()];
      if (dryRun) {
        const found = yield* withProgress((tell) =>
          all.examine(chosen, replace, (at) => tell({ type: 'progress' as const, ...at })),
        );
        // Which of the people in the lists the backup has is known when its rows are in the database.
        yield [{ ...resultOf({ ...found, toErase: [] }, undefined), dry_run: true }];
        return undefined;
      }
      let erased = 0;
      const finish = async (restored: Restored, { statements, refuse }: RestoreEnd) => {
        erased = await eraseAgain(services, restored, commit);
        const { name: id, manifest, headSeen } = restored;
        const changes = visible({
          backup: manifest.id,
          made_at: manifest.created_at,
          audit_head: manifest.audit_head,
          audit_head_seen: headSeen,
          erased_again: erased,
          sessions_kept: keep,
          ...(restored.erasures.missing === undefined ? {} : { without_erasures: restored.erasures.missing }),
        });
        await commit({ statements, refuse, target: { kind: 'backup', id }, changes });
      };
      const restored = yield* withProgress((tell) =>
        all.restore(chosen, { replace, endings, finish }, (at) => tell({ type: 'progress' as const, ...at })),
      );
      yield [{ ...resultOf(restored, erased), sessions_kept: keep }];
      return undefined;
    },
  }),
};

type Services = Parameters<(typeof backups)['restore']['run']>[0];

/** People who were erased after the backup are erased once more. @returns how many */
async function eraseAgain(services: Services, { toErase }: Restored, commit: Commit): Promise<number> {
  const stores = await services.accountStores();
  let erased = 0;
  for (const id of toErase) {
    const account = await stores.accounts.findById(id);
    if (!account) continue;
    await commit({
      statements: erasing(stores, account),
      target: { kind: 'user', id },
      changes: { erased_again: { after: true } },
    });
    erased += 1;
  }
  return erased;
}

const resultOf = ({ name, manifest, target, headSeen }: Restored, erased: number | undefined): Static<typeof Line> => ({
  type: 'result',
  name,
  created_at: manifest.created_at,
  rows: rowsOf(manifest),
  replaced: target.rows.map(({ name: table, rows }) => ({ table, rows })),
  ...(erased === undefined ? {} : { erased_again: erased }),
  audit_size: manifest.audit_head?.tree_size ?? null,
  audit_size_seen: headSeen?.tree_size ?? null,
});

const rowsOf = ({ tables }: Pick<Label, 'tables'>): number => tables.reduce((sum, { rows }) => sum + rows, 0);

function shown({ name, label, problem }: ListedBackup): Static<typeof Backup> {
  return {
    name,
    created_at: label?.created_at ?? null,
    bytes: label?.file.bytes ?? null,
    rows: label ? rowsOf(label) : null,
    product_version: label?.product_version ?? null,
    last_migration: label?.migrations.at(-1) ?? null,
    audit_size: label?.audit_head?.tree_size ?? null,
    master_keys: (label?.master_keys ?? []).map(({ id }) => id),
    signing_keys: (label?.signing_keys ?? []).map(({ kid }) => kid),
    problem: problem ?? null,
  };
}

const shownRun = ({ name, began_at, ended_at, bytes, failure }: PastRun): Static<typeof Run> => ({
  name,
  began_at: began_at.toISOString(),
  ended_at: ended_at.toISOString(),
  bytes,
  failure,
});

const visible = (values: Readonly<Record<string, unknown>>): Changes =>
  Object.fromEntries(Object.entries(values).map(([name, after]) => [name, { after }]));
