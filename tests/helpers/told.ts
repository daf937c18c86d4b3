import type { Deployment } from './deployment.ts';
import { introspect, token } from './relying_party.ts';
import { until } from './waiting.ts';

/**
 * Waits until a node has been told of every change of clients and resource servers that was made before: such news come
 * in order, so a client of our own is changed last.
 */
export async function createTold(app: Deployment): Promise<() => Promise<void>> {
  const last = await app.seed.party();
  const other = await app.seed.party();
  const { body } = await token(app.issuer, other, { grant_type: 'client_credentials' });
  // The node keeps it from now on: one that it has not read yet would be read as it has become, before any news.
  await introspect(app.issuer, last, body.access_token ?? '');
  let introspectsAll = false;
  return async () => {
    introspectsAll = !introspectsAll;
    await app.seed.clients.update(last.id, { introspectsAll });
    const isTold = async () => (await introspect(app.issuer, last, body.access_token ?? '')).active === introspectsAll;
    await until('the node is told', isTold);
  };
}
