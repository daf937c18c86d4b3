import { randomUUID } from 'node:crypto';
import { createDestinations } from '../../../server/audit/destinations.ts';
import { deadLetters } from '../../../server/operations/dead_letters.ts';
import { destinations } from '../../../server/operations/destinations.ts';
import type { Operation } from '../../../server/operations/operation.ts';
import type { Db } from '../../../server/platform/db.ts';
import { carryOut } from '../../../server/platform/planned.ts';
import { createSealer } from '../../../server/platform/sealing.ts';
import type { Face, FacesOf } from '../../helpers/faces.ts';

const URL = 'https://siem.example.com/cardea';
const PATH = '/audit/destinations';
const CLI = ['audit', 'destinations'];

export const auditDeliveryFaces: FacesOf = async ({ db, masterKey, seed }) => {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const parts = { db, sealer, now: Date.now };
  const store = createDestinations(parts);
  const input = {
    name: 'a',
    settings: { url: URL },
    actions: [],
    outcomes: [],
    everybody: false,
    heads: false,
    details: false,
  };
  const make = async () => {
    const planned = await store.creating({ ...input, kind: 'webhook', clientId: undefined }, 0);
    await carryOut(db, planned);
    return planned.after.id;
  };
  const [id, removed] = [await make(), await make()];
  // Disabled, so that the server of the test does not send anything and moves no position.
  for (const one of [id, removed]) {
    const found = await store.find(one);
    if (found) await carryOut(db, store.disabling(found));
  }
  const letters = await lettersOf(db, id);
  const client = (await seed.party()).id;
  const webhook = ['--kind', 'webhook', '--name', 'SIEM', '--url', URL];
  const post = { operation: destinations.create, method: 'POST', path: PATH } as const;
  const one = (
    operation: Operation,
    name: string,
    method: Face['method'] = 'POST',
    path = `${PATH}/${id}/${name}`,
  ): Face => ({
    operation,
    cli: [...CLI, name, id],
    method,
    path,
  });
  return [
    { operation: destinations.list, cli: [...CLI, 'list'], method: 'GET', path: PATH },
    one(destinations.show, 'show', 'GET', `${PATH}/${id}`),
    {
      operation: destinations.update,
      cli: [...CLI, 'update', id, '--action', 'keys.rotate', '--details'],
      method: 'PATCH',
      path: `${PATH}/${id}`,
      body: { actions: ['keys.rotate'], details: true },
    },
    { ...one(destinations.disable, 'disable'), unchanged: true },
    {
      ...one(destinations.replay, 'replay'),
      cli: [...CLI, 'replay', id, '--from', '0'],
      body: { from: 0 },
      unchanged: true,
    },
    {
      ...one(destinations.replay, 'replay'),
      about: 'from an index that there is not',
      cli: [...CLI, 'replay', id, '--from', '1000000'],
      body: { from: 1_000_000 },
      refused: 'invalid_input',
    },
    {
      ...one(destinations.rotateSecret, 'rotate-secret'),
      cli: [...CLI, 'rotate-secret', id, '--overlap', '1h'],
      body: { overlap_seconds: 3_600 },
    },
    {
      operation: destinations.remove,
      cli: [...CLI, 'delete', removed],
      method: 'DELETE',
      path: `${PATH}/${removed}`,
    },
    ...letterFaces(id, letters),
    one(destinations.enable, 'enable'),
    {
      ...post,
      cli: [...CLI, 'create', ...webhook, '--action', 'users.*', '--outcome', 'done', '--heads', '--from', '0'],
      body: {
        kind: 'webhook',
        name: 'SIEM',
        settings: { url: URL },
        actions: ['users.*'],
        outcomes: ['done'],
        heads: true,
        from: 0,
      },
    },
    {
      ...post,
      about: 'of an app',
      cli: [
        ...CLI,
        'create',
        '--kind',
        'cloudevents',
        '--name',
        'app',
        '--url',
        URL,
        '--client',
        client,
        '--everybody',
        '--from',
        '0',
      ],
      body: { kind: 'cloudevents', name: 'app', settings: { url: URL }, client_id: client, everybody: true, from: 0 },
    },
    {
      ...post,
      about: 'that lets a caller choose a file',
      cli: [...CLI, 'create', '--kind', 'file', '--name', 'x', '--file', '../../etc/passwd'],
      body: { kind: 'file', name: 'x', settings: { file: '../../etc/passwd' } },
      refused: 'invalid_input',
    },
    {
      ...post,
      about: 'at a private address',
      cli: [...CLI, 'create', '--kind', 'webhook', '--name', 'SIEM', '--url', 'https://10.0.0.5/audit'],
      body: { kind: 'webhook', name: 'SIEM', settings: { url: 'https://10.0.0.5/audit' } },
      refused: 'invalid_input',
    },
    {
      operation: destinations.update,
      about: 'to http',
      cli: [...CLI, 'update', id, '--url', 'http://siem.example.com/cardea'],
      method: 'PATCH',
      path: `${PATH}/${id}`,
      body: { settings: { url: 'http://siem.example.com/cardea' } },
      refused: 'invalid_input',
    },
    {
      operation: destinations.update,
      about: 'to an action that there is not',
      cli: [...CLI, 'update', id, '--action', 'users.udpate'],
      method: 'PATCH',
      path: `${PATH}/${id}`,
      body: { actions: ['users.udpate'] },
      refused: 'invalid_input',
    },
    {
      ...post,
      about: 'of an unknown app',
      cli: [...CLI, 'create', ...webhook, '--client', 'nobody'],
      body: { kind: 'webhook', name: 'SIEM', settings: { url: URL }, client_id: 'nobody' },
      refused: 'invalid_input',
    },
    {
      ...post,
      about: 'with a setting of another kind',
      cli: [...CLI, 'create', ...webhook, '--host', 'siem.example.com'],
      body: { kind: 'webhook', name: 'SIEM', settings: { url: URL, host: 'siem.example.com' } },
      refused: 'invalid_input',
    },
  ];
};

/** As a worker leaves them that has given up. @returns the ids; there is nothing to send for the third one */
async function lettersOf(db: Db, destinationId: string): Promise<string[]> {
  const reasons = ['status_500', 'status_500', 'event_removed', 'time', 'time'];
  const ids = reasons.map(() => randomUUID());
  await db.run(
    {
      text: `INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
             SELECT id, $3, 0, 0, false, reason, 10, now() FROM unnest($1::uuid[], $2::text[]) AS lost (id, reason)`,
    },
    [ids, reasons, destinationId],
  );
  return ids;
}

function letterFaces(destination: string, [first = '', second = '', empty = '']: readonly string[]): Face[] {
  const path = '/audit/dead-letters';
  const cli = ['audit', 'dead-letters'];
  const retry = { operation: deadLetters.retry, method: 'POST' } as const;
  const drop = { operation: deadLetters.drop, cli: [...cli, 'drop', second], path: `${path}/${second}` };
  return [
    { operation: deadLetters.list, cli: [...cli, 'list'], method: 'GET', path },
    { operation: deadLetters.show, cli: [...cli, 'show', first], method: 'GET', path: `${path}/${first}` },
    { ...retry, cli: [...cli, 'retry', first], path: `${path}/${first}/retry` },
    {
      ...retry,
      about: 'of what is not there any more',
      cli: [...cli, 'retry', empty],
      path: `${path}/${empty}/retry`,
      refused: 'conflict',
    },
    { ...drop, method: 'DELETE' },
    { ...drop, about: 'again', method: 'DELETE', refused: 'not_found' },
    {
      operation: deadLetters.retryAll,
      cli: [...cli, 'retry', '--all', destination],
      method: 'POST',
      path: `${PATH}/${destination}/dead-letters/retry`,
    },
    {
      operation: deadLetters.dropAll,
      cli: [...cli, 'drop', '--all', destination],
      method: 'DELETE',
      path: `${PATH}/${destination}/dead-letters`,
    },
    {
      operation: deadLetters.dropAll,
      about: 'of a destination that there is not',
      cli: [...cli, 'drop', '--all', second],
      method: 'DELETE',
      path: `${PATH}/${second}/dead-letters`,
      refused: 'not_found',
    },
  ];
}
