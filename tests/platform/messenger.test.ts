import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { startMessenger } from '../../server/platform/messenger.ts';
import { database } from '../helpers/postgres.ts';
import { until } from '../helpers/waiting.ts';

const log = createLog({ level: 'silent' });
const LISTENING = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'`;

test('a connection that is restored during the shutdown is closed with it', async (t) => {
  const { url, db } = await database(t);
  const listening = () => db.run<{ pid: number }>({ name: 'listening', text: LISTENING }, []);
  const other = createDb({ url });
  const open: (() => void)[] = [];
  let connections = 0;
  const connect = async () => {
    connections += 1;
    const client = await other.connect();
    // The second connection waits for the test.
    if (connections > 1) await new Promise<void>((go) => void open.push(go));
    return client;
  };
  const messenger = await startMessenger({ db: { ...other, connect }, log, channels: ['test'] });
  const [line] = await listening();
  await db.run({ name: 'cut', text: 'SELECT pg_terminate_backend($1)' }, [line?.pid]);
  await until('the line to come back', () => open.length > 0);
  const closed = messenger.close();
  open[0]?.();
  await closed;
  await until('the line to be gone', async () => (await listening()).length === 0);
  await other.close();
  assert.equal(messenger.isListening(), false);
});

test('an unknown channel is refused', async (t) => {
  const { db } = await database(t);
  const messenger = await startMessenger({ db, log, channels: ['test'] });
  assert.throws(() => messenger.on('tests', () => {}), /does not listen to tests/);
  messenger.on('test', () => {});
  await messenger.close();
});
