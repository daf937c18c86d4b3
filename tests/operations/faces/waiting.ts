import { createMails } from '../../../server/accounts/mails.ts';
import { checkPolicy } from '../../../server/clients/registration_policy.ts';
import { deliveries } from '../../../server/operations/deliveries.ts';
import { mails } from '../../../server/operations/mails.ts';
import type { Operation } from '../../../server/operations/operation.ts';
import { registrations } from '../../../server/operations/registrations.ts';
import { createSealer } from '../../../server/platform/sealing.ts';
import { createDeliveries } from '../../../server/records/deliveries.ts';
import { createRegistrationTokens } from '../../helpers/client_stores.ts';
import type { Face, FacesOf } from '../../helpers/faces.ts';
import { remember } from '../../helpers/secrets.ts';

export const waitingFaces: FacesOf = async ({ db, masterKey, seed }) => {
  const parts = { db, sealer: createSealer([Buffer.from(masterKey, 'base64')]), people: seed.accounts, now: Date.now };
  const [mailQueue, deliveryQueue] = [createMails(parts), createDeliveries(parts)];
  const { id: accountId } = await seed.person();
  const account = await seed.accounts.resolve(accountId);
  const { id: clientId } = await seed.party();
  const made = await createRegistrationTokens(parts).create({ policy: checkPolicy({}), uses: 5, lifetime: 3_600 });
  remember('other', made.token);
  const expiresAt = new Date(Date.now() + 3_600_000);
  const content = { secret: remember('other', 'content-of-a-delivery') };
  await db.transact([
    mailQueue.enqueue({ kind: 'invitation', accountId }, account, {
      id: 'b5a0a6ea-0000-4000-8000-000000000001',
      afterMs: 60_000,
    }),
    mailQueue.enqueue({ kind: 'locked', accountId }, account, {
      id: 'b5a0a6ea-0000-4000-8000-000000000002',
      afterMs: 90_000,
    }),
    deliveryQueue.enqueue({ kind: 'notification', clientId, accountId, content, expiresAt }),
    deliveryQueue.enqueue({ kind: 'notification', clientId, content, expiresAt }),
  ]);
  const waitingDeliveries = (await deliveryQueue.list()).items.map(({ id }) => id);
  const waitingMails = (await mailQueue.list()).items.map(({ id }) => id);
  return [
    ...queueFaces('mail', '/mails', mails, waitingMails),
    ...queueFaces('deliveries', '/deliveries', deliveries, waitingDeliveries),
    ...registrationFaces(made.id),
  ];
};

function queueFaces(
  noun: string,
  path: string,
  operations: Readonly<Record<'list' | 'show' | 'retry' | 'drop', Operation>>,
  [first = '', second = '']: readonly string[],
): Face[] {
  return [
    { operation: operations.list, cli: [noun, 'list'], method: 'GET', path },
    { operation: operations.show, cli: [noun, 'show', first], method: 'GET', path: `${path}/${first}` },
    { operation: operations.retry, cli: [noun, 'retry', first], method: 'POST', path: `${path}/${first}/retry` },
    { operation: operations.drop, cli: [noun, 'drop', second], method: 'DELETE', path: `${path}/${second}` },
    {
      operation: operations.drop,
      about: 'again',
      cli: [noun, 'drop', second],
      method: 'DELETE',
      path: `${path}/${second}`,
      refused: 'not_found',
    },
  ];
}

function registrationFaces(id: string): Face[] {
  const token = ['registration', 'token'];
  const creation = { operation: registrations.create, method: 'POST', path: '/registrations' } as const;
  return [
    {
      ...creation,
      cli: [...token, 'create', '--uses', '3', '--expires', '12h', '--redirect-host', 'app.example.com'],
      body: { uses: 3, expires_in: 43_200, redirect_hosts: ['app.example.com'] },
    },
    {
      ...creation,
      about: 'with a grant type that is none',
      cli: [...token, 'create', '--grant-type', 'password'],
      body: { uses: 1, expires_in: 604_800, grant_types: ['password'] },
      refused: 'invalid_input',
    },
    { operation: registrations.list, cli: [...token, 'list'], method: 'GET', path: '/registrations' },
    {
      operation: registrations.show,
      cli: [...token, 'show', id],
      method: 'GET',
      path: `/registrations/${id}`,
    },
    {
      operation: registrations.remove,
      cli: [...token, 'revoke', id],
      method: 'DELETE',
      path: `/registrations/${id}`,
    },
    {
      operation: registrations.remove,
      about: 'again',
      cli: [...token, 'revoke', id],
      method: 'DELETE',
      path: `/registrations/${id}`,
      refused: 'not_found',
    },
  ];
}
