import { AppError } from '../platform/errors.ts';
import type { Convert } from './import_formats.ts';
import type { Passwords, VerificationFault } from './passwords.ts';
import type { Accounts } from './store.ts';

/** One person to import, and where in the file that is. */
export interface Entry {
  readonly at: Place;
  /** Parsed; an Error when it could not be. */
  readonly value: unknown;
}

/** By its line, or by its number among the people where a line is no person. */
export type Place = { readonly line: number } | { readonly entry: number };

export type Rejection = Place & { readonly reason: string };

export interface ImportResult {
  imported: number;
  /** Skipped people: an account with their e-mail address exists already. */
  skipped: number;
  readonly rejected: Rejection[];
  /** Data of imported people that could not be imported. Skipped and rejected lines have no notes. */
  readonly notes: Note[];
}

export type Note = Place & { readonly note: string };

const FAULTS: Readonly<Record<VerificationFault, string>> = {
  unreadable: 'password_hash: is in no form that is supported',
  too_expensive: 'password_hash: takes more memory or time to verify than is allowed',
  pepper_unknown: 'password_hash: was made with a pepper that is not in CARDEA_PASSWORD_PEPPER',
};

/**
 * Imports people in batches, each in one transaction. No progress is stored: people who already exist are skipped, so
 * an import that was interrupted at any point is simply run again.
 * @param parts `dryRun` checks everything and writes nothing
 */
export function createImporter(parts: {
  readonly accounts: Accounts;
  readonly passwords: Pick<Passwords, 'faultOf'>;
  readonly convert: Convert;
  readonly dryRun: boolean;
}) {
  const { accounts, passwords, convert, dryRun } = parts;
  const result: ImportResult = { imported: 0, skipped: 0, rejected: [], notes: [] };
  /** Where in the file an identifier came first. */
  const seen = new Map<string, Place>();

  const reject = (at: Place, reason: string) => void result.rejected.push({ ...at, reason });

  function read({ at, value }: Entry): Candidate | undefined {
    try {
      if (value instanceof Error) throw new AppError('invalid_input', value.message);
      const person = convert(value);
      const { email, username } = accounts.check(person);
      const fault = typeof person.passwordHash === 'string' ? passwords.faultOf(person.passwordHash) : undefined;
      if (fault) throw new AppError('invalid_input', FAULTS[fault]);
      const keys = [email, ...(username === undefined ? [] : [username])].map(accounts.lookupOf);
      return { at, person, email, username, keys };
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error;
      reject(at, error.message);
      return undefined;
    }
  }

  /**
   * Without people who already exist, and without duplicates in the file. An earlier line of the file is looked for
   * before the database, so that a real run, which has stored earlier batches already, reports the same as a dry run.
   */
  async function leaveOut(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const identifiers = candidates.flatMap(({ email, username }) => [
      email,
      ...(username === undefined ? [] : [username]),
    ]);
    const holders = await accounts.holdersOf(identifiers);
    const subjects = await accounts.subjectHolders(candidates.flatMap(({ person: { sub } }) => sub ?? []));
    return candidates.filter((candidate) => {
      const { at, person, keys } = candidate;
      const [email = '', username] = keys;
      const duplicate = identityOf(candidate).flatMap((key) => seen.get(key) ?? [])[0];
      const holder = holders.get(email);
      if (duplicate) reject(at, `has the e-mail address, username or sub of ${describePlace(duplicate)}`);
      else if (holder !== undefined && person.sub !== undefined && subjects.get(person.sub) !== holder) {
        reject(at, 'sub: the account with this e-mail address has another sub');
      } else if (holder !== undefined) result.skipped += 1;
      else if (person.sub !== undefined && subjects.has(person.sub)) reject(at, 'sub: somebody has it already');
      else if (username !== undefined && holders.has(username)) reject(at, 'username: somebody has it already');
      else {
        for (const key of identityOf(candidate)) seen.set(key, at);
        return true;
      }
      return false;
    });
  }

  async function create(candidates: readonly Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    try {
      if (!dryRun) await accounts.createAll(candidates.map(({ person }) => person));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'identifier_taken') throw error;
      // A person signs up, or another import runs, at this moment: the rest of the batch is checked again.
      for (const key of candidates.flatMap(identityOf)) seen.delete(key);
      const left = await leaveOut(candidates);
      if (left.length === candidates.length) throw error; // no line is the cause, so another attempt would fail in the same way
      return create(left);
    }
    result.imported += candidates.length;
    for (const { at, person } of candidates) {
      for (const note of person.notes ?? []) result.notes.push({ ...at, note });
    }
  }

  return {
    result,
    /** Rejected entries are in the order of the file. */
    async add(entries: readonly Entry[]): Promise<void> {
      const before = result.rejected.length;
      await create(await leaveOut(entries.map(read).filter((one) => one !== undefined)));
      result.rejected.push(...result.rejected.splice(before).sort((a, b) => numberOf(a) - numberOf(b)));
    },
  };
}

interface Candidate {
  readonly at: Place;
  readonly person: ReturnType<Convert>;
  readonly email: string;
  readonly username: string | undefined;
  /** The lookup keys of the e-mail address, then of the username. */
  readonly keys: readonly string[];
}

/** The identifiers that must be unique. */
function identityOf({ person: { sub }, keys }: Candidate): readonly string[] {
  return sub === undefined ? keys : [...keys, `sub ${sub}`];
}

function numberOf(place: Place): number {
  return 'line' in place ? place.line : place.entry;
}

export function describePlace(place: Place): string {
  return 'line' in place ? `line ${place.line}` : `person ${place.entry}`;
}
