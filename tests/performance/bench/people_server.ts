import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINES_TYPE } from '../../../server/admin/streams.ts';
import { lineOf } from '../../../server/operations/user_lines.ts';
import { createDb, type Db } from '../../../server/platform/db.ts';
import { startEmbeddedPostgres } from '../../../server/platform/embedded.ts';
import { apiOf, bearer, machineToken } from '../../helpers/admin_api.ts';
import { createSeeder, type Seeder } from '../../helpers/deployment.ts';
import { defer, type Scope } from '../../helpers/scope.ts';
import { freePort } from '../../helpers/waiting.ts';
import { person } from '../people.ts';
import { launch, type Server } from './servers.ts';

/** Cardea in a process of its own, with an operator who may do what these measurements do. */
export interface PeopleServer {
  readonly server: Server;
  readonly db: Db;
  readonly dataDir: string;
  /** On another handle of the same database. */
  seedOn(db: Db): Promise<Seeder>;
  /** Streams people through the import of the API. @param told with the number that were read, from time to time */
  importPeople(count: number, told: (read: number) => void): Promise<void>;
  /** Reads the export of the API. @returns the number of people in it */
  exportPeople(): Promise<number>;
}

const SCOPES = 'cardea:users:read cardea:users:write cardea:groups:write cardea:roles:write';
/** A role of these people has the permissions to see everything, so who imports them needs these. */
const ALL_READ =
  'credentials groups roles clients resources sessions grants tokens keys lockouts registrations mails deliveries audit backups config'
    .split(' ')
    .map((noun) => `cardea:${noun}:read`)
    .join(' ');

export async function startPeopleServer(scope: Scope): Promise<PeopleServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cardea-bench-'));
  chmodSync(folder, 0o711); // Postgres runs as another user when the tests run as root, and needs access
  defer(scope, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const dataDir = join(folder, 'data');
  const port = await freePort();
  const server = await launch(scope, {
    name: 'cardea',
    file: 'server/main.ts',
    port,
    log: join(folder, 'cardea.log'),
    path: '/healthz',
    env: { CARDEA_PORT: String(port), CARDEA_DATA_DIR: dataDir, CARDEA_DEMO: 'false' },
  });
  const { url } = await startEmbeddedPostgres({ dataDir }); // joins the Postgres that Cardea has started
  const db = createDb({ url, timeoutMs: 600_000 });
  defer(scope, () => db.close());
  const masterKey = readFileSync(join(dataDir, 'master.key'), 'utf8').trim();
  const seed = await createSeeder(db, masterKey);
  const scopes = `${SCOPES} ${ALL_READ}`;
  const party = await seed.party({
    metadata: { redirect_uris: [], grant_types: ['client_credentials'], scope: scopes },
  });
  const open = async (method: string, path: string) => {
    const headers = { ...bearer(await machineToken(server, party, scopes)), 'content-type': LINES_TYPE };
    return request(apiOf(server) + path, { method, agent: false, headers });
  };

  return {
    server,
    db,
    dataDir,
    seedOn: (on) => createSeeder(on, masterKey),
    async importPeople(count, told) {
      const sent = await open('POST', '/users/import');
      const ended = Promise.withResolvers<{ imported: number; complete: boolean }>();
      sent.on('error', ended.reject);
      sent.on('response', async (answer) => {
        for await (const line of linesOf(answer)) {
          const result = JSON.parse(line);
          if (result.type === 'progress') told(result.read);
          else if (result.type === 'end') ended.resolve(result);
          else ended.reject(new Error(line));
        }
      });
      for (let from = 0; from < count; from += 500) {
        const numbers = Array.from({ length: Math.min(500, count - from) }, (_, i) => from + i);
        const text = numbers.map((i) => `${JSON.stringify(lineOf(person(i)))}\n`).join('');
        if (!sent.write(text)) await Promise.race([new Promise((done) => sent.once('drain', done)), ended.promise]);
      }
      sent.end();
      const { imported, complete } = await ended.promise;
      if (imported !== count || !complete) throw new Error(`${imported} of ${count} people were imported`);
    },
    async exportPeople() {
      const sent = await open('GET', '/users/export');
      const answer = new Promise<AsyncIterable<Buffer>>((done, failed) => {
        sent.on('error', failed);
        sent.on('response', done);
      });
      sent.end();
      let count = 0;
      for await (const _ of linesOf(await answer)) count += 1;
      return count;
    },
  };
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
