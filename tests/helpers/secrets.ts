import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';

/**
 * Promise 8, "a stolen database dump is useless for signing in", is proved at the end of a run: tests record each secret that they use,
 * each database is dumped when it is dropped, and `tests/security/database_dump.test.ts` searches the dumps for the
 * secrets. They are stored in TEST_RUN_DIR, which tests/run.ts sets; without it nothing is recorded.
 */
function runFolder(name: 'secrets' | 'personal' | 'dumps' | 'logs'): string | undefined {
  const run = process.env.TEST_RUN_DIR;
  if (!run) return undefined;
  const folder = join(run, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** True if this run records secrets, dumps and logs. */
export function isCollecting(): boolean {
  return Boolean(process.env.TEST_RUN_DIR);
}

export type SecretKind =
  | 'access_token'
  | 'refresh_token'
  | 'id_token'
  | 'code'
  | 'client_secret'
  | 'session_id'
  | 'password'
  | 'private_key'
  | 'totp_secret'
  | 'recovery_code'
  | 'cookie'
  | 'device_code'
  | 'master_key'
  | 'other';

const known = new Set<string>();
let uses = 0;

/** How many times this process has called `remember`. */
export const rememberedSecrets = (): number => uses;

/**
 * Records a secret that a test used. Of a token response, URL or JWK, record the secret parts only.
 * @returns the value, so that the call can wrap the expression that creates it
 */
export function remember<T extends string>(kind: SecretKind, value: T): T {
  uses += 1;
  const folder = runFolder('secrets');
  if (!folder || known.has(value)) return value;
  known.add(value);
  appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify([kind, value])}\n`);
  return value;
}

/**
 * Records a name or username of a person that a test uses. E-mail addresses, phone numbers and IP addresses need no record: they are
 * found by their form.
 */
export function rememberPersonal(value: string): void {
  const folder = runFolder('personal');
  if (!folder || known.has(value)) return;
  known.add(value);
  appendFileSync(join(folder, `${process.pid}.jsonl`), `${JSON.stringify(value)}\n`);
}

/** Records the secret members of a token response, a client registration or a private JWK. */
export function rememberAll<T extends object>(answer: T): T {
  const kinds: Readonly<Record<string, SecretKind>> = {
    access_token: 'access_token',
    refresh_token: 'refresh_token',
    id_token: 'id_token',
    code: 'code',
    client_secret: 'client_secret',
    device_code: 'device_code',
    registration_access_token: 'other',
    d: 'private_key',
    p: 'private_key',
    q: 'private_key',
  };
  for (const [name, value] of Object.entries(answer)) {
    const kind = kinds[name];
    if (kind && typeof value === 'string') remember(kind, value);
  }
  return answer;
}

/** Stores a line that a server logged, which is searched for secrets at the end. */
export function collectLog(line: string): void {
  const folder = runFolder('logs');
  if (folder) appendFileSync(join(folder, `${process.pid}.log`), `${line}\n`);
}

let dumps = 0;

/** Stores the dump of a database before it is dropped. */
export async function collectDump(url: string): Promise<void> {
  const folder = runFolder('dumps');
  if (!folder) return;
  // Without hex it is a third as long, and the raw bytes have each secret that the hex would have.
  const dump = await dumpDatabase(url, { hex: false });
  if (dump !== '') appendFileSync(join(folder, `${process.pid}-${++dumps}.txt`), dump, 'latin1');
}

export interface Collected {
  secrets: { kind: SecretKind; value: string }[];
  /** Names and usernames of people. */
  personal: string[];
  /** Paths of the collected files. In a dump each byte of a `bytea` is also one latin1 character. */
  dumps: string[];
  logs: string[];
}

/** Everything that the run has collected so far, in all its test processes. */
export function collected(): Collected {
  const files = (name: 'secrets' | 'personal' | 'dumps' | 'logs') => {
    const folder = runFolder(name);
    return folder && existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
  };
  const secrets = new Map<string, SecretKind>();
  for (const file of files('secrets')) {
    for (const line of readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const [kind, value] = JSON.parse(line) as [SecretKind, string];
      secrets.set(value, kind);
    }
  }
  const personal = files('personal').flatMap((file) => readFileSync(file, 'utf8').split('\n').filter(Boolean));
  return {
    personal: [...new Set(personal)].map((line) => JSON.parse(line) as string),
    secrets: [...secrets].map(([value, kind]) => ({ kind, value })),
    dumps: files('dumps'),
    logs: files('logs'),
  };
}

/**
 * The forms in which a secret may appear in a dump: unchanged, in hex (the text form of a `bytea`), in base64, and,
 * when it is base64url itself, as its bytes.
 */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
  ];
  if (/^[A-Za-z0-9_-]{22,}$/.test(value)) {
    const decoded = Buffer.from(value, 'base64url');
    forms.push(decoded.toString('hex'), decoded.toString('latin1'));
  }
  return [...new Set(forms)];
}

/** The type, by its id in Postgres. */
const BYTEA = 17;
const RAW = { getTypeParser: () => (text: string) => text };

/**
 * Every value of every table in the schema `public`, one in each line. A `bytea` appears byte by byte as latin1, and before
 * that in hex, as Postgres writes it. Text is UTF-8 bytes in latin1, so that the dump is one searchable byte string.
 * @param options.hex false leaves the hex out
 */
export async function dumpDatabase(url: string, { hex = true } = {}): Promise<string> {
  const client = new pg.Client({ connectionString: url, application_name: 'dump' });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      // The empty ones are left out, which are most of them: a new connection takes long to learn about each table.
      `SELECT format('public.%I', relname) AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0 ORDER BY 1`,
    );
    const names = tables.rows.map(({ name }) => name);
    const text = names.map((name) => `SELECT * FROM ${name}`).join(';');
    // One round trip for all tables; pg's types do not know that several statements return several results.
    const results = [await client.query<(string | null)[]>({ text, rowMode: 'array', types: RAW as never })].flat();
    let dump = '';
    for (const [i, { rows, fields }] of results.entries()) {
      for (const row of rows) {
        for (const [column, value] of row.entries()) {
          if (value === null) continue;
          const isBytes = fields[column]?.dataTypeID === BYTEA;
          const shown = isBytes && !hex ? '' : Buffer.from(value).toString('latin1');
          dump += `${names[i]}.${fields[column]?.name}\t${shown}\n`;
          if (isBytes) dump += `${Buffer.from(value.slice(2), 'hex').toString('latin1')}\n`;
        }
      }
    }
    return dump;
  } finally {
    await client.end();
  }
}
