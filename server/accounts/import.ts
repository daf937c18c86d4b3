import { sqlState } from '../platform/db_errors.ts';
import { AppError } from '../platform/errors.ts';
import { createFirstPlaces } from '../platform/first_places.ts';
import type { NewAccounts } from './new_accounts.ts';
import type { Passwords, VerificationFault } from './passwords.ts';
import type { ImportedAccount } from './profile.ts';
import type { Accounts } from './store.ts';

/** One person to import. */
export interface Entry {
  /** Where in the import that is. */
  readonly line: number;
  /** An Error where the line is no person, whose message quotes nothing of it. */
  readonly person: ImportedAccount | Error;
}

/** The outcome of a line. */
export type LineResult = { readonly line: number } & (
  | {
      readonly result: 'imported';
      /** Absent in a dry run. */
      readonly id?: string;
    }
  /** An account with the e-mail address exists already. */
  | { readonly result: 'skipped' }
  | {
      readonly result: 'rejected';
      readonly reason: string;
      /** The line that has the same e-mail address, username or sub. */
      readonly earlier_line?: number;
    }
);

const FAULTS: Readonly<Record<VerificationFault, string>> = {
  unreadable: 'password_hash: is in no form that is supported',
  too_expensive: 'password_hash: takes more memory or time to verify than is allowed',
  pepper_unknown: 'password_hash: was made with a pepper that is not in CARDEA_PASSWORD_PEPPER',
};

/** For a million people with three identifiers each. Later duplicates count as people who exist. */
const REMEMBERED_MAX = 3_000_000;
/** Of a batch that the database refuses because of others that write the same at this moment. */
const ATTEMPTS = 5;
const MOMENTARY = /^40/;

export interface ImporterParts {
  readonly accounts: Accounts;
  readonly passwords: Pick<Passwords, 'faultOf'>;
  /** Stores new people in one transaction; absent in a dry run. @throws what `refuse` makes of its failure */
  readonly store?: ((created: NewAccounts) => Promise<void>) | undefined;
}

/**
 * Imports people in batches, each in one transaction. No progress is stored: people who already exist are skipped, so
 * an import that was interrupted at any point is simply run again.
 */
export function createImporter({ accounts, passwords, store }: ImporterParts) {
  const seen = createFirstPlaces(REMEMBERED_MAX);

  function read({ line, person }: Entry): Candidate | LineResult {
    try {
      if (person instanceof Error) throw person;
      const { email, username } = accounts.check(person);
      const fault = typeof person.passwordHash === 'string' ? passwords.faultOf(person.passwordHash) : undefined;
      if (fault) return rejected(line, FAULTS[fault]);
      const { sub } = person;
      const identifiers = username === undefined ? [email] : [email, username];
      const keys = identifiers.map(accounts.lookupOf);
      return { line, person, identifiers, keys, subKey: sub === undefined ? undefined : accounts.subjectKeyOf(sub) };
    } catch (error) {
      if (!(error instanceof Error) || (error instanceof AppError && error.status >= 500)) throw error;
      return rejected(line, error.message);
    }
  }

  /**
   * Handles people who cannot be imported: they exist, or are twice in the import. An earlier line is looked for before the
   * database, so that a real run, which has stored earlier batches already, reports the same as a dry run.
   */
  async function obstacles(candidates: readonly Candidate[]): Promise<Map<Candidate, LineResult>> {
    const [holders, subjects] = await Promise.all([
      accounts.holdersOf(candidates.flatMap(({ identifiers }) => identifiers)),
      accounts.subjectHolders(candidates.flatMap(({ person: { sub } }) => sub ?? [])),
    ]);
    const here = new Map<string, number>();
    const found = new Map<Candidate, LineResult>();
    for (const candidate of candidates) {
      const { line, person, keys } = candidate;
      const [email = '', username] = keys;
      const all = identityOf(candidate);
      const earlier = all.flatMap((key) => here.get(key) ?? seen.get(key) ?? [])[0];
      const holder = holders.get(email);
      const refuse = (result: LineResult) => void found.set(candidate, result);
      if (earlier !== undefined) refuse(duplicate(line, earlier));
      else if (holder !== undefined && person.sub !== undefined && subjects.get(person.sub) !== holder) {
        refuse(rejected(line, 'sub: the account with this e-mail address has another sub'));
      } else if (holder !== undefined) refuse({ line, result: 'skipped' });
      else if (person.sub !== undefined && subjects.has(person.sub)) {
        refuse(rejected(line, 'sub: somebody has it already'));
      } else if (username !== undefined && holders.has(username)) {
        refuse(rejected(line, 'username: somebody has it already'));
      } else for (const key of all) here.set(key, line);
    }
    return found;
  }

  async function create(candidates: readonly Candidate[], attempt = 1): Promise<LineResult[]> {
    const left = await obstacles(candidates);
    const wanted = candidates.filter((one) => !left.has(one));
    let ids: readonly string[] = [];
    try {
      if (store && wanted.length > 0) {
        const created = await accounts.plans.creatingAll(wanted.map(({ person }) => person));
        await store(created);
        ids = created.accounts.map(({ id }) => id);
      }
    } catch (error) {
      // A person signs up, or another import runs, at this moment: the batch is looked at again.
      const isPassing = MOMENTARY.test(sqlState(error) ?? '') || isTaken(error);
      if (!isPassing || attempt === ATTEMPTS) throw error;
      return create(candidates, attempt + 1);
    }
    for (const one of wanted) for (const key of identityOf(one)) seen.add(key, one.line);
    const imported = wanted.map(({ line }, i): LineResult => {
      const id = ids[i];
      return { line, result: 'imported', ...(id === undefined ? {} : { id }) };
    });
    return [...left.values(), ...imported];
  }

  return {
    /** @returns what became of each entry, in their order */
    async add(entries: readonly Entry[]): Promise<LineResult[]> {
      const all = entries.map(read);
      const results = all.flatMap((one) => ('result' in one ? [one] : []));
      const candidates = all.flatMap((one) => ('result' in one ? [] : [one]));
      const created = candidates.length === 0 ? [] : await create(candidates);
      return [...results, ...created].sort((a, b) => a.line - b.line);
    },
  };
}

interface Candidate {
  readonly line: number;
  readonly person: ImportedAccount;
  /** The e-mail address, then the username. */
  readonly identifiers: readonly string[];
  /** Their lookup keys. */
  readonly keys: readonly string[];
  readonly subKey: string | undefined;
}

/** The keys that must be unique. */
function identityOf({ keys, subKey }: Candidate): readonly string[] {
  return subKey === undefined ? keys : [...keys, subKey];
}

function isTaken(error: unknown): boolean {
  return error instanceof AppError && ['identifier_taken', 'changed_meanwhile'].includes(error.code);
}

const rejected = (line: number, reason: string): LineResult => ({ line, result: 'rejected', reason });

function duplicate(line: number, earlier: number): LineResult {
  const reason = 'has the e-mail address, username or sub of an earlier one';
  return { line, result: 'rejected', reason, earlier_line: earlier };
}
