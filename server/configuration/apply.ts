import { hash } from 'node:crypto';
import type { Call } from '../operations/operation.ts';
import type { Batch } from '../operations/run.ts';
import type { Services } from '../operations/services.ts';
import type { Db } from '../platform/db.ts';
import { createDeclared } from '../platform/declared_entries.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { ConfigurationError, PROBLEMS_MAX } from './document.ts';
import { type ConfigurationFile, entriesOf } from './file.ts';
import type { EntryContext, Kind, Run } from './kind.ts';
import { KINDS } from './kinds.ts';
import { compare, type Members, type Step } from './plan.ts';
import { resolveReference } from './references.ts';

/** The changes that a file would make, by kind. */
export interface FilePlan {
  readonly steps: readonly Step[];
  /** Keys of the file that no longer apply, such as that of a text that was withdrawn: the file does not bring it back. */
  readonly ended: readonly string[];
  /** The entry of each thing in the file, for the next comparison. */
  readonly entries: readonly { readonly kind: string; readonly key: string; readonly entry_hash: Buffer }[];
}

/**
 * Compares a file with the database. Changes nothing.
 * @throws ConfigurationError for an entry that cannot be, such as a secret whose variable is not set, or that would change what is permanent
 */
export async function planFile(
  file: ConfigurationFile,
  { db, services }: { readonly db: Pick<Db, 'query'>; readonly services: Services },
): Promise<FilePlan> {
  const applied = await createDeclared(db).list();
  const steps: Step[] = [];
  const ended: string[] = [];
  const entries: { kind: string; key: string; entry_hash: Buffer }[] = [];
  for (const kind of KINDS) {
    const desired = new Map<string, Members>();
    for (const [key, entry] of entriesOf(file.document.value, kind.name)) {
      const members = at(file, kind, key, () => kind.desired(key, entry, contextOf(file)));
      desired.set(key, members);
      entries.push({ kind: kind.name, key, entry_hash: digest(members) });
    }
    const hashes = new Map(entries.map((one) => [`${one.kind} ${one.key}`, one.entry_hash]));
    const wasApplied = (key: string) => {
      const before = applied.get(`${kind.name} ${key}`);
      const now = hashes.get(`${kind.name} ${key}`);
      return before !== undefined && now !== undefined && before.equals(now);
    };
    const current = await kind.read(services);
    const ofKind = compare(kind, desired, current, wasApplied);
    assertPermanent(file, kind, ofKind);
    // Not all of them as arguments of one call: of more than a hundred thousand it ends the stack.
    for (const step of ofKind) steps.push(step);
    for (const key of desired.keys()) if (current.get(key)?.ended) ended.push(`${kind.name}.${key}`);
  }
  return { steps, ended, entries };
}

/**
 * Applies a file: everything in one transaction, or nothing. Applications wait for each other.
 * @param call `dryRun`: everything is tried, and undone
 * @returns what was changed
 */
export function applyFile(
  file: ConfigurationFile,
  batch: Batch,
  call: Call,
): Promise<Pick<FilePlan, 'steps' | 'ended'>> {
  return batch(
    async ({ db, services, run }) => {
      const declared = createDeclared(db);
      await db.query(declared.lock());
      const { steps, ended, entries } = await planFile(file, { db, services });
      const declaredBy = new Map(KINDS.map(({ name }) => [name, entriesOf(file.document.value, name)]));
      for (const { step, kind } of inOrder(steps)) {
        const entry = declaredBy.get(kind.name)?.get(step.key);
        for (const { operation, params, query, body } of runsOf(kind, step, entry, contextOf(file))) {
          const input = { params, query, body };
          await located(file, kind, step.key, () => run(operation, input, { ...call, fromFile: true }));
        }
      }
      if (steps.length > 0) await db.transact(declared.replace(entries));
      return { steps, ended };
    },
    { rollBack: call.dryRun ?? false },
  );
}

/** Things are made after those that they may name, and removed before them. */
function inOrder(steps: readonly Step[]): { readonly step: Step; readonly kind: Kind }[] {
  const of = (kinds: readonly Kind[], removed: boolean) =>
    kinds.flatMap((kind) =>
      steps
        .filter((step) => step.kind === kind.name && (step.action === 'delete') === removed)
        .map((step) => ({ step, kind })),
    );
  return [...of(KINDS, false), ...of(KINDS.toReversed(), true)];
}

/** @throws ConfigurationError that names each entry of a permanent thing that exists with other members */
function assertPermanent({ name, document }: ConfigurationFile, kind: Kind, steps: readonly Step[]): void {
  if (kind.permanent === undefined) return;
  const problems = steps
    .filter(({ exists }) => exists)
    .map(({ key, differences }) => {
      const members = Object.keys(differences);
      const message = `${kind.name}.${key}: ${members.join(', ')}: not as it was made; ${kind.permanent}`;
      return { ...document.placeOf([kind.name, key, ...members.slice(0, 1)]), message };
    });
  if (problems.length > 0) throw new ConfigurationError(name, problems.slice(0, PROBLEMS_MAX));
}

function runsOf(kind: Kind, { key, action, exists }: Step, entry: unknown, context: EntryContext): readonly Run[] {
  if (kind.permanent === undefined && action === 'delete') return kind.remove(key);
  const members = kind.desired(key, entry, context);
  return kind.permanent === undefined && exists
    ? kind.update(key, members, entry, context)
    : kind.create(key, members, entry, context);
}

/** Adds the place in the file to what is wrong with an entry. */
async function located<T>(file: ConfigurationFile, kind: Kind, key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw placed(error, file, kind, key);
  }
}

function at<T>(file: ConfigurationFile, kind: Kind, key: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw placed(error, file, kind, key);
  }
}

function placed(error: unknown, { name, document }: ConfigurationFile, kind: Kind, key: string): unknown {
  if (!(error instanceof AppError) || error.status >= 500 || error instanceof ConfigurationError) return error;
  const wrong = error.errors.flatMap((one) => ('pointer' in one ? [one] : []));
  const problems = wrong.map(({ pointer, detail }) => {
    const path = [kind.name, key, ...pointer.split('/').slice(1)];
    return { ...document.placeOf(path), message: `${path.join('.')}: ${detail}` };
  });
  const place = document.placeOf([kind.name, key, ...(error.field === undefined ? [] : [error.field])]);
  const message = `${kind.name}.${key}: ${error.message}`;
  return new ConfigurationError(name, problems.length > 0 ? problems : [{ ...place, message }]);
}

function contextOf({ env }: ConfigurationFile): EntryContext {
  return {
    secret(reference) {
      const resolved = resolveReference(reference, env);
      if ('problem' in resolved) throw invalidInput('client_secret', resolved.problem);
      return resolved.secret;
    },
  };
}

function digest(members: Members): Buffer {
  const sorted = Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(hash('sha256', JSON.stringify(sorted), 'hex'), 'hex');
}
