import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { READ_IN_FULL } from '../../server/operations/full_reads.ts';
import type { Operation } from '../../server/operations/operation.ts';
import { isPersonal } from '../../server/operations/personal_fields.ts';
import { createDb, type Db } from '../../server/platform/db.ts';
import { claimIssuer } from '../../server/platform/installation.ts';
import { type Ran, runCli } from '../cli/run_cli.ts';
import { changedTables, createDigest } from '../security/fuzz_admin/stored.ts';
import { type AdminAnswer, adminApi } from './admin.ts';
import { ROOT } from './artifacts.ts';
import { createSeeder, type Seeder } from './deployment.ts';
import { environmentOf } from './operations.ts';
import { copiedDatabaseUrl, databaseUrl } from './postgres.ts';
import { createRecordSeeder, type RecordSeeder } from './records.ts';
import { defer, type Scope } from './scope.ts';
import { STARTED, startedMasterKey } from './started_template.ts';

/** The same operation by the command line and by HTTP. */
export interface Face {
  readonly operation: Operation;
  /** Words that tell it from another row of the same operation. */
  readonly about?: string;
  /** Arguments of `cardea`, without `--json`. */
  readonly cli: readonly string[];
  readonly input?: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Both refuse it, with this error code. */
  readonly refused?: string;
  /** All is as it should be already: the audit has no entry. */
  readonly unchanged?: true;
}

/** What rows are made with, before there are two equal databases. */
export interface FaceSeed {
  readonly db: Db;
  readonly masterKey: string;
  readonly seed: Seeder;
  readonly records: RecordSeeder;
}

/** Makes the data that the rows of one noun need. The rows run in their order, each once. */
export type FacesOf = (made: FaceSeed) => Promise<readonly Face[]>;

export interface BothFaces {
  readonly faces: readonly Face[];
  /** Asks the API what a change would do. @returns its answer, and the tables that differ afterwards */
  tryOut(face: Face): Promise<{ readonly answer: AdminAnswer; readonly changed: readonly string[] }>;
  run(
    face: Face,
  ): Promise<{ readonly ran: Ran; readonly answer: AdminAnswer; readonly entries: [unknown[], unknown[]] }>;
}

const ISSUER = 'https://id.example.com';
/** Nobody answers there: mails wait. */
const ENV = { CARDEA_SMTP_URL: 'smtp://127.0.0.1:9' };

/** Makes the data of all rows in a database that a server has started on. */
export async function seededFaces(url: string, nouns: readonly FacesOf[]): Promise<Face[]> {
  const masterKey = startedMasterKey();
  const faces: Face[] = [];
  const db = createDb({ url });
  try {
    await claimIssuer(db, ISSUER, Date.now);
    const made = {
      db,
      masterKey,
      seed: await createSeeder(db, masterKey),
      records: createRecordSeeder({ db, masterKey }),
    };
    for (const facesOf of nouns) faces.push(...(await facesOf(made)));
  } finally {
    await db.close();
  }
  return faces;
}

/** All exports of the files of a folder, in the order of their names. */
export async function exportsIn(folder: string): Promise<unknown[]> {
  const files = readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.ts'));
  const modules = await Promise.all(
    files.toSorted().map((file) => import(join(ROOT, folder, file)) as Promise<object>),
  );
  return modules.flatMap((module) => Object.values(module) as unknown[]);
}

/** The rows of all nouns (tests/operations/faces). */
export async function facesOfNouns(): Promise<FacesOf[]> {
  return (await exportsIn('tests/operations/faces')).filter((one): one is FacesOf => typeof one === 'function');
}

/** Two databases with the same rows: the command line works on one, the API on the other. */
export async function bothFaces(scope: Scope, nouns: readonly FacesOf[]): Promise<BothFaces> {
  const masterKey = startedMasterKey();
  const dataDir = mkdtempSync(join(tmpdir(), 'cardea-test-data-'));
  defer(scope, () => rmSync(dataDir, { recursive: true, force: true }));
  const url = await databaseUrl(scope, STARTED);
  const faces = await seededFaces(url, nouns);
  const other = await copiedDatabaseUrl(scope, url);
  const opened = [url, other].map((databaseUrl) => {
    const one = createDb({ url: databaseUrl });
    defer(scope, () => one.close());
    return { db: one, databaseUrl, masterKey, issuer: ISSUER, dataDir, env: ENV };
  });
  const [operated, served] = opened as [(typeof opened)[0], (typeof opened)[0]];
  const api = await adminApi(scope, served);
  const seen = [0, 0];

  async function newEntries(i: 0 | 1): Promise<unknown[]> {
    const text = `SELECT action, target_kind, target_id, outcome, reason, changes FROM audit ORDER BY at, id OFFSET $1`;
    const rows = await (opened[i] as typeof served).db.run({ name: '', text }, [seen[i]]);
    seen[i] = (seen[i] ?? 0) + rows.length;
    return rows;
  }

  await newEntries(0);
  await newEntries(1);
  const digest = await createDigest(served.db);
  return {
    faces,
    async tryOut({ method, path, body }) {
      const before = await digest();
      const headers = { ...preconditionOf(method), prefer: 'handling=dry-run' };
      const answer = await api.request(method, path, body === undefined ? { headers } : { headers, body });
      const entries = (await newEntries(1)) as { action: string }[];
      const written = entries.some(({ action }) => action !== READ_IN_FULL) ? ['audit'] : [];
      return { answer, changed: [...written, ...changedTables(before, await digest())] };
    },
    async run({ operation, cli, input, method, path, body }) {
      const options = { env: environmentOf(operated), ...(input === undefined ? {} : { input }) };
      const full = isPersonal(operation.schemas.output) ? ['--full'] : [];
      const ran = await runCli([...cli, '--json', ...full], options);
      const headers = preconditionOf(method);
      const answer = await api.request(method, path, body === undefined ? { headers } : { headers, body });
      return { ran, answer, entries: [await newEntries(0), await newEntries(1)] };
    },
  };
}

const preconditionOf = (method: Face['method']): Record<string, string> =>
  ['PUT', 'PATCH', 'DELETE'].includes(method) ? { 'if-match': '*' } : {};

/** Values that are made anew on each face: ids, times, secrets. */
const MADE_ANEW = [
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
  /^[0-9a-f]{16}$/,
  /^[0-9a-f]{32}$/,
  /^[A-Za-z0-9_-]{43}$/,
  /^[A-Za-z0-9_-]{22}$/,
  /^whsec_[A-Za-z0-9+/]{43}=$/,
];

/** The same without what differs between equal results: ids and times aside. */
export function alike(value: unknown): unknown {
  if (typeof value === 'string') {
    const kind = MADE_ANEW.findIndex((pattern) => pattern.test(value));
    return kind < 0 ? value : `made anew (${kind})`;
  }
  if (Array.isArray(value)) return value.map(alike);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, alike(member)]));
}
