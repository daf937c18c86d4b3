import { hashToken } from '../../server/platform/sealing.ts';
import type { Deployment, Party } from './deployment.ts';
import { introspect, token } from './relying_party.ts';
import { remember } from './secrets.ts';
import { until } from './waiting.ts';

/**
 * Waits until a node has received every earlier change of clients and resource servers: notifications arrive in order,
 * so this changes a client of its own last.
 */
export async function createChangesArrived(app: Deployment): Promise<() => Promise<void>> {
  const last = await app.seed.party();
  const other = await app.seed.party();
  const { body } = await token(app.issuer, other, { grant_type: 'client_credentials' });
  // The node must have the client in its cache: one that it reads later would already have the change, without a
  // notification.
  await introspect(app.issuer, last, body.access_token ?? '');
  let introspectsAll = false;
  return async () => {
    introspectsAll = !introspectsAll;
    await app.seed.clients.update(last.id, { introspectsAll });
    const hasArrived = async () =>
      (await introspect(app.issuer, last, body.access_token ?? '')).active === introspectsAll;
    await until('the node has received the changes', hasArrived);
  };
}

/** Gives a client the secret that another server has issued to it. In SQL, because Cardea generates all secrets. */
export async function importSecret({ db }: Pick<Deployment, 'db'>, { id }: Party, secret: string): Promise<void> {
  const hash = hashToken(remember('client_secret', secret));
  await db.run({ name: '', text: 'UPDATE clients SET secret_hash = $2 WHERE id = $1' }, [id, hash]);
}
