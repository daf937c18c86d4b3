import { type Static, Type } from 'typebox';
import { createImporter, type Entry, type LineResult } from '../accounts/import.ts';
import type { NewAccounts } from '../accounts/new_accounts.ts';
import { type ImportedAccount, normaliseName } from '../accounts/profile.ts';
import type { Changes } from '../audit/entries.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { problemOf } from '../platform/problems.ts';
import { assertMayGive } from './guards.ts';
import { lineBatches } from './line_batches.ts';
import { type Call, type Commit, type InputLine, stream } from './operation.ts';
import { permissionsAmong } from './permissions.ts';
import { Id, strict } from './schema.ts';
import type { Services } from './services.ts';
import { EXAMPLE_LINE, personOf, UserLine } from './user_lines.ts';
import { assertAlsoPermitted } from './user_plans.ts';

const Line = Type.Integer({ minimum: 1, description: 'line of the input' });
const Count = Type.Integer({ minimum: 0 });
const COUNTS = { read: Count, imported: Count, skipped: Count, rejected: Count };

const ResultLine = Type.Union(
  [
    strict({
      type: Type.Literal('line'),
      line: Line,
      result: Type.Literal('imported'),
      id: Type.Optional({ ...Id, description: 'absent in a dry run' } as typeof Id),
    }),
    strict({ type: Type.Literal('line'), line: Line, result: Type.Literal('skipped') }),
    strict({
      type: Type.Literal('line'),
      line: Line,
      result: Type.Literal('rejected'),
      reason: Type.String(),
      earlier_line: Type.Optional(Type.Integer({ minimum: 1, description: 'the line that has the same already' })),
    }),
    strict({ type: Type.Literal('progress'), ...COUNTS }),
    strict({
      type: Type.Literal('end'),
      ...COUNTS,
      dry_run: Type.Boolean(),
      complete: Type.Boolean({ description: 'the whole input was read' }),
      next_line: Type.Optional(Type.Integer({ minimum: 1, description: 'where to go on when it is not complete' })),
      error: Type.Optional(
        strict(
          {
            type: Type.String(),
            title: Type.String(),
            status: Type.Integer(),
            detail: Type.String(),
            request_id: Type.String(),
          },
          { description: 'why it ended early: as the problems of the API' },
        ),
      ),
    }),
  ],
  { description: 'what became of a line, how far the import is, or how it ended' },
);
type ResultLine = Static<typeof ResultLine>;

/** Lines after which the progress is told. */
const PROGRESS_EVERY = 1_000;

export const userImport = {
  import: stream({
    name: 'users.import',
    permission: 'users:write',
    target: 'import',
    changes: true,
    summary: 'Import users',
    description:
      'One user a line, in JSON. People who exist are skipped, and never changed; a line that cannot be imported is rejected with ' +
      'its reason, and the others go on. The result comes while the input is sent, so read it meanwhile: a line for each rejected ' +
      'one (`results=all`: for each), the progress from time to time, and one at the end. What was imported stays when the ' +
      'connection breaks, and an import that is repeated skips it. ' +
      'So it needs no `Idempotency-Key`, and refuses one with 400. Groups need groups:write and are made when they do not exist; ' +
      'roles need roles:write and all their permissions; password hashes and secrets of authenticator apps need credentials:write.',
    schemas: {
      query: strict({
        results: Type.Optional(Type.Enum(['rejected', 'all'], { description: 'the lines that have a result' })),
      }),
      body: UserLine,
      output: ResultLine,
    },
    example: {
      input: { body: EXAMPLE_LINE },
      output: { type: 'end', read: 2, imported: 1, skipped: 1, rejected: 0, dry_run: false, complete: true },
    },
    async *run(services, { query, lines }, call, commit) {
      const { dryRun = false } = call;
      const counts = { read: 0, imported: 0, skipped: 0, rejected: 0 };
      const progress = (): ResultLine => ({ type: 'progress', ...counts });
      const importPeople = await importerOf(services, call, commit);
      const wanted = query.results ?? 'rejected';
      let [told, nextLine, complete, failure]: [number, number, boolean, unknown] = [0, 1, false, undefined];
      try {
        yield [progress()];
        for await (const batch of lineBatches(lines)) {
          nextLine = batch[0]?.number ?? nextLine;
          const results = await importPeople(batch);
          for (const { result } of results) counts[result] += 1;
          counts.read += results.length;
          nextLine = (batch.at(-1)?.number ?? 0) + 1;
          const shown = results.filter(({ result }) => wanted === 'all' || result === wanted);
          const all = shown.map((one): ResultLine => ({ type: 'line', ...one }));
          if (counts.read - told >= PROGRESS_EVERY) {
            told = counts.read;
            all.push(progress());
          }
          if (all.length > 0) yield all;
        }
        complete = true;
      } catch (error) {
        failure = error;
      } finally {
        // Also when the result is not read any more. When the database is away, the entries of the batches are there.
        await commit({
          statements: [],
          target: { kind: 'import', id: call.requestId },
          changes: visible({ ...counts, complete }),
        }).catch((error: unknown) => {
          failure ??= error;
        });
      }
      const end: ResultLine = { type: 'end', ...counts, dry_run: dryRun, complete };
      yield [failure === undefined ? end : { ...end, next_line: nextLine, error: shownError(failure, services, call) }];
      return failure;
    },
  }),
};

/** Imports batches, each in one transaction with an entry in the audit: what was imported is never without one. */
async function importerOf(services: Services, call: Call, commit: Commit) {
  const { accounts } = await services.accountStores();
  const { passwords } = await services.passwords();
  let batch: readonly InputLine[] = [];
  let known: ReadonlySet<string> = new Set();
  const importer = createImporter({
    accounts,
    passwords,
    store: call.dryRun
      ? undefined
      : async ({ accounts: created, statements, refuse }) => {
          const names = await namesOf(services, created, known);
          await commit({
            statements: [...statements, ...names.statements],
            target: { kind: 'import', id: call.requestId },
            changes: visible({
              first_line: batch[0]?.number,
              last_line: batch.at(-1)?.number,
              imported: created.length,
              ...(names.groups.length > 0 ? { groups_created: names.groups } : {}),
              ...(names.roles.length > 0 ? { roles_created: names.roles } : {}),
            }),
            refuse,
          });
        },
  });
  return async (lines: readonly InputLine[]): Promise<LineResult[]> => {
    batch = lines;
    const entries = lines.map(entryOf);
    const roles = new Set(entries.flatMap(({ person }) => (person instanceof Error ? [] : rolesOf(person))));
    const found = roles.size === 0 ? [] : await services.roles.findAll([...roles]);
    const permissions = new Map(found.map(({ name, permissions: given }) => [name, permissionsAmong(given)]));
    known = new Set(permissions.keys());
    const subjects = entries.flatMap(({ person }) => (person instanceof Error ? [] : (person.sub ?? [])));
    const ofClients = await services.clients.existing(subjects);
    return importer.add(entries.map((entry) => ownSubject(permitted(entry, permissions, call), ofClients)));
  };
}

function entryOf({ number, value }: InputLine): Entry {
  return { line: number, person: value instanceof Error ? value : orError(() => personOf(value)) };
}

function orError<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError && error.status < 500) return error;
    throw error;
  }
}

/** RFC 9068 §5: the `sub` of a client's own token is its id, and no person must be taken for the client. */
function ownSubject(entry: Entry, ofClients: ReadonlySet<string>): Entry {
  const { line, person } = entry;
  if (person instanceof Error || person.sub === undefined || !ofClients.has(person.sub)) return entry;
  return { line, person: invalidInput('sub', 'is the client_id of a client') };
}

const rolesOf = ({ roles = [] }: ImportedAccount) => roles.map(normaliseName);

/** The entry, when the caller may make such a person. @param permissions of the roles that exist */
function permitted(
  entry: Entry,
  permissions: ReadonlyMap<string, Parameters<typeof assertMayGive>[1]>,
  call: Call,
): Entry {
  const { line, person } = entry;
  if (person instanceof Error) return entry;
  const checked = orError(() => {
    const { passwordHash, totpSecret, groups = [], roles = [] } = person;
    if (passwordHash) assertAlsoPermitted(call, 'credentials:write', 'password_hash');
    if (totpSecret) assertAlsoPermitted(call, 'credentials:write', 'totp_secret');
    if (groups.length > 0) assertAlsoPermitted(call, 'groups:write', 'groups');
    if (roles.length > 0) assertAlsoPermitted(call, 'roles:write', 'roles');
    for (const role of rolesOf(person)) assertMayGive(call.actor, permissions.get(role) ?? []);
    return person;
  });
  return { line, person: checked };
}

/**
 * Conditions for a transaction that makes people, with groups and roles that do not exist (`creatingAll`).
 * @param known the roles whose permissions were checked; a role that somebody else makes meanwhile must have none
 */
async function namesOf({ groups, roles }: Services, created: NewAccounts['accounts'], known: ReadonlySet<string>) {
  const wanted = {
    groups: [...new Set(created.flatMap((account) => account.groups))],
    roles: [...new Set(created.flatMap((account) => account.roles))],
  };
  const [newGroups, newRoles] = await Promise.all([groups.missing(wanted.groups), roles.missing(wanted.roles)]);
  const unknown = wanted.roles.filter((name) => !known.has(name));
  const statements: BoundStatement[] = [
    ...(wanted.groups.length > 0 ? [groups.requireAll(wanted.groups)] : []),
    ...(wanted.roles.length > 0 ? [roles.requireAll(wanted.roles)] : []),
    ...(unknown.length > 0 ? [roles.requirePowerless(unknown)] : []),
  ];
  return { statements, groups: newGroups, roles: newRoles };
}

function visible(values: Readonly<Record<string, unknown>>): Changes {
  return Object.fromEntries(Object.entries(values).map(([name, after]) => [name, { after }]));
}

function shownError(error: unknown, { config }: Services, { requestId }: Call) {
  const shown =
    error instanceof AppError ? error : new AppError('server_error', 'something went wrong', { cause: error });
  const { type, title, status, detail } = problemOf(shown, { requestId, issuer: config.issuer.identifier });
  return { type, title, status, detail, request_id: requestId };
}
