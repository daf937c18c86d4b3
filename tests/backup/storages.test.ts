import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nameOf } from '../../server/backup/create.ts';
import { createFolderStorage } from '../../server/backup/folder_storage.ts';
import { FORMAT, type Label, sealedText } from '../../server/backup/manifest.ts';
import { createS3Storage } from '../../server/backup/s3_storage.ts';
import { oneChunk, type Storage, textOf } from '../../server/backup/storage.ts';
import { probeStorage } from '../../server/backup/storage_checks.ts';
import { listedIn, newestIn, removeOld } from '../../server/backup/stored.ts';
import { AppError } from '../../server/platform/errors.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';
import { placeFor } from './world.ts';

/** Storages that fail, and what a process that was killed leaves in them. `try_s3.ts` tries a real S3 server. */
const scope = { after };
/** Of servers that do not answer. */
const SILENT_MS = 50;
/** Of servers that answer, also when this machine is busy. */
const ANSWERS_MS = 1_000;
const PART_BYTES = 16 * 1_024 * 1_024;
const NAME = 'cardea-20260101T000000Z-00000000.age';
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'cardea', AWS_SECRET_ACCESS_KEY: 'not checked' }); // the SDK reads them there
const folder = mkdtempSync(join(tmpdir(), 'cardea-test-storages-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true }));

/** A server that is no S3 server. */
async function storageOf(listener: RequestListener, silentMs = ANSWERS_MS): Promise<Storage> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  defer(scope, () => {
    server.closeAllConnections();
    server.close();
  });
  return createS3Storage('s3://backups', {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    silentMs,
  });
}

const labelOf = (at: string, id: string): Label => ({
  type: 'cardea-backup',
  format: FORMAT,
  id,
  created_at: at,
  product_version: '0.1.0',
  issuer: null,
  postgres_version: 180_000,
  migrations: ['0001-initial'],
  schema_digest: '',
  master_keys: [],
  signing_keys: [],
  audit_head: null,
  erasures: null,
  partitions: [],
  sequences: [],
  tables: [],
  file: { name: '', bytes: 10, sha256: '' },
});

async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield Buffer.alloc(size);
}

const read = (storage: Storage) => textOf(storage, NAME);

const silent = await storageOf((request) => void request.resume(), SILENT_MS);
const stopsInTheMiddle = await storageOf((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': 100 }).write('half');
}, SILENT_MS);
const takesNoParts = await storageOf((request, response) => {
  request.resume();
  if (request.method === 'POST')
    response
      .writeHead(200, { 'content-type': 'application/xml' })
      .end('<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>');
}, SILENT_MS);
const slowReader = await storageOf((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(Buffer.alloc(4 * 1_024 * 1_024));
});
const HTML = '<!doctype html><title>Sign in</title><p>to go on<br>';
const page = (status: number, type: string, content: string) =>
  storageOf((request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': type }).end(content);
  });
const pages = [
  await page(200, 'text/html; charset=utf-8', HTML),
  await page(403, 'text/html', HTML),
  await page(403, 'text/plain', 'you may not'),
  await page(403, 'application/octet-stream', ''),
];

const refusing = async (status: number, code: string) =>
  page(status, 'application/xml', `<Error><Code>${code}</Code><Message>no</Message></Error>`);
/** By the code of S3: what the message says to do. */
const REFUSALS = [
  [await refusing(404, 'NoSuchBucket'), /make the bucket, or correct CARDEA_BACKUP_TO \(NoSuchBucket: no\)/],
  [await refusing(403, 'AccessDenied'), /lack a right: ops\/docs\/backup\.md .*\(AccessDenied: no\)/],
  [await refusing(403, 'InvalidAccessKeyId'), /correct the credentials \(AWS_ACCESS_KEY_ID/],
] as const;

/** By name: each operation of a storage. */
const OPERATIONS: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
  put: (storage) => storage.put(NAME, chunks(10)),
  get: read,
  list: (storage) => storage.list(''),
  remove: (storage) => storage.remove(NAME),
};

for (const [name, operate] of Object.entries(OPERATIONS)) {
  test(`a server that accepts and never answers ends ${name} with an error that says so`, async () => {
    await assert.rejects(operate(silent), { code: 'backup_storage', message: /did not answer for 0\.05 s/ });
  });

  test(`a page of a proxy is no answer to ${name}`, async () => {
    for (const storage of pages) {
      await assert.rejects(operate(storage), ({ code, message }) => {
        assert.equal(code, 'backup_storage');
        assert.match(message, /what answered is no S3 server \(status [24]0[03], .*CARDEA_BACKUP_S3_ENDPOINT/);
        return true;
      });
    }
  });
}

test('a refusal of S3 says what to do', async () => {
  for (const [storage, message] of REFUSALS)
    for (const operate of [OPERATIONS.put, OPERATIONS.list])
      await assert.rejects(async () => operate?.(storage), { code: 'backup_storage', message });
});

test('a server that stops within an object, or takes no part of one, ends it', async () => {
  await assert.rejects(read(stopsInTheMiddle), { code: 'backup_storage', message: /did not answer for/ });
  const large = takesNoParts.put(NAME, chunks(PART_BYTES, 1));
  await assert.rejects(large, { code: 'backup_storage', message: /did not answer for/ });
});

test('an object may be read as slowly as the reader likes', async () => {
  let [bytes, isFirst] = [0, true];
  for await (const chunk of slowReader.get(NAME)) {
    bytes += chunk.length;
    // Longer than the server may be silent.
    const since = Date.now();
    if (isFirst) await until('time passes', () => Date.now() - since > 1.2 * ANSWERS_MS);
    isFirst = false;
  }
  assert.equal(bytes, 4 * 1_024 * 1_024);
});

test('a folder that is not there is neither made nor taken for an empty one, and the message names the setting', async () => {
  const place = join(folder, 'not mounted');
  for (const setting of [undefined, '--from']) {
    const storage = createFolderStorage(place, { setting });
    for (const operate of [OPERATIONS.put, OPERATIONS.get, OPERATIONS.list]) {
      await assert.rejects(
        async () => operate?.(storage),
        ({ code, message }) => {
          assert.equal(code, 'backup_storage');
          assert.match(
            message,
            /the folder does not exist: mount what should be there, correct (CARDEA_BACKUP_TO|--from)/,
          );
          assert.equal(message.includes('mkdir'), setting === undefined, 'it is made before the first backup alone');
          return true;
        },
      );
    }
    await assert.rejects(storage.list('erasures/'), { code: 'backup_storage' });
  }
  assert.equal(existsSync(place), false);
});

test('a storage lists no folder and no broken link, also under the name of a backup', async () => {
  const storage = createFolderStorage(placeFor(folder, 'folders'));
  assert.deepEqual(await storage.list('erasures/'), []);
  await storage.put('erasures/5b7d9f01-000001-0000000a.json', chunks(10));
  mkdirSync(join(storage.place, 'erasures/5b7d9f01-000002-0000000b.json'));
  symlinkSync('/nowhere', join(storage.place, NAME));
  assert.deepEqual(await storage.list('erasures/'), [{ name: 'erasures/5b7d9f01-000001-0000000a.json', bytes: 10 }]);
  assert.deepEqual(await storage.list('cardea-'), []);
  mkdirSync(join(storage.place, 'cardea-folder'));
  await assert.rejects(textOf(storage, 'cardea-folder'), {
    code: 'backup_storage',
    message: /it is a folder: move it away/,
  });
});

test('a file in the place of the lists of erased people is named', async () => {
  const storage = createFolderStorage(placeFor(folder, 'file'));
  writeFileSync(join(storage.place, 'erasures'), '');
  await assert.rejects(storage.list('erasures/'), {
    code: 'backup_storage',
    message: /cannot list erasures: it is no folder: move it away/,
  });
});

test('a probe leaves nothing, and removes what a probe that was killed has left', async () => {
  const storage = createFolderStorage(placeFor(folder, 'probed'));
  const now = Date.UTC(2026, 0, 10, 2);
  const left = ['cardea-probe-20260110T005959Z-0000000a', 'cardea-probe-20260110T013000Z-0000000b', NAME];
  for (const name of left) await storage.put(name, chunks(1));
  await probeStorage(storage, { now, removes: true });
  assert.deepEqual(readdirSync(storage.place).toSorted(), left.slice(1).toSorted());
  const keeping = { ...storage, remove: () => Promise.reject(new AppError('backup_storage', 'denied')) };
  await assert.rejects(probeStorage(keeping, { now, removes: true }), { code: 'backup_storage' });
  await probeStorage(keeping, { now, removes: false });
  const forgetful = { ...storage, get: () => chunks(1) };
  await assert.rejects(probeStorage(forgetful, { now, removes: true }), { code: 'backup_storage' });
});

test('to list backups takes one list of the storage, and reads each label once', async () => {
  const place = createFolderStorage(placeFor(folder, 'listed'));
  const names = Array.from({ length: 30 }, (_, n) => `cardea-202601${String(n + 1).padStart(2, '0')}T000000Z-0000000a`);
  for (const name of names) for (const ending of ['.age', '.json']) await place.put(`${name}${ending}`, chunks(10));
  const counts = { list: 0, get: 0 };
  const storage = {
    place: place.place,
    list(prefix: string) {
      counts.list += 1;
      return place.list(prefix);
    },
    get(name: string) {
      counts.get += 1;
      return place.get(name);
    },
  };
  const sealer = createSealer([Buffer.alloc(32, 1)]);
  const listed = await listedIn(storage, sealer);
  assert.deepEqual(
    listed.map(({ name }) => name),
    names.toReversed(),
  );
  assert.deepEqual(counts, { list: 1, get: names.length });
});

test('the later of two backups of one second is the newest, also when its name sorts first', async () => {
  const storage = createFolderStorage(placeFor(folder, 'second'));
  const sealer = createSealer([Buffer.alloc(32, 1)]);
  const made = async (at: string, id: string) => {
    const label = labelOf(at, `${id}-0000-4000-8000-000000000000`);
    const name = nameOf(label);
    await storage.put(`${name}.age`, chunks(label.file.bytes));
    const text = sealedText(sealer, 'label', { ...label, file: { ...label.file, name: `${name}.age` } });
    await storage.put(`${name}.json`, oneChunk(Buffer.from(text)));
    return name;
  };
  const names = [
    await made('2026-01-01T00:00:00.900Z', '00000001'),
    await made('2026-01-01T00:00:00.500Z', 'ffffffff'),
    await made('2026-01-01T00:00:00.100Z', '77777777'),
  ];
  assert.deepEqual(
    (await listedIn(storage, sealer)).map(({ name }) => name),
    names,
  );
  assert.equal(await newestIn(storage, sealer), names[0]);
  const unreadable = 'cardea-20260101T000000Z-00000000.json';
  await storage.put(unreadable, chunks(10));
  await assert.rejects(newestIn(storage, sealer), { code: 'backup_unreadable', message: new RegExp(unreadable) });
});

test('a file without a label stays for a day, as another installation may be writing the label', async () => {
  const storage = createFolderStorage(placeFor(folder, 'unlabelled'));
  const left = ['cardea-20260107T230000Z-0000000a.age', 'cardea-20260109T120000Z-0000000b.age'];
  for (const name of left) await storage.put(name, chunks(1));
  const { removed } = await removeOld(storage, [], { issuer: null, erasures: null }, 3_600, Date.UTC(2026, 0, 10));
  assert.deepEqual([removed, readdirSync(storage.place)], [[], left.slice(1)]);
});

test('unfinished files of backups that are older than a day are removed by the next one, and no other file', async () => {
  const place = join(folder, 'backups');
  mkdirSync(join(place, 'erasures'), { recursive: true });
  const now = Date.UTC(2026, 0, 10);
  const file = (name: string, ageHours: number) => {
    writeFileSync(join(place, name), 'part');
    const at = (now - ageHours * 3_600_000) / 1_000;
    utimesSync(join(place, name), at, at);
  };
  const kept = [
    'cardea-20260109T010000Z-0000000b.age.unfinished-0000000b',
    'notes.txt.unfinished-0000000c',
    'photo.age',
  ];
  file('cardea-20260108T000000Z-0000000a.age.unfinished-0000000a', 25);
  file('cardea-20260108T000000Z-0000000a.json.unfinished-0000000a', 25);
  file('erasures/5b7d9f01-000001-0000000a.json.unfinished-0000000a', 25);
  for (const name of kept) file(name, name.startsWith('cardea-') ? 23 : 1_000);
  const storage = createFolderStorage(place, { now: () => now });
  await storage.put(NAME, chunks(10));
  assert.deepEqual(readdirSync(place).toSorted(), [NAME, 'erasures', ...kept].toSorted());
  await storage.put('erasures/5b7d9f01-000002-0000000d.json', chunks(10));
  assert.deepEqual(readdirSync(join(place, 'erasures')), ['5b7d9f01-000002-0000000d.json']);
});
