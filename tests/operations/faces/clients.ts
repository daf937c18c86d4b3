import { clients } from '../../../server/operations/clients.ts';
import type { FacesOf } from '../../helpers/faces.ts';

export const clientFaces: FacesOf = async ({ seed }) => {
  const { id } = await seed.party({ name: 'Shop' });
  const path = `/clients/${id}`;
  const filter = `client_id eq "${id}"`;
  return [
    { operation: clients.list, cli: ['clients', 'list'], method: 'GET', path: '/clients?limit=200' },
    {
      operation: clients.list,
      about: 'with a filter',
      cli: ['clients', 'list', '--filter', filter, '--sort', '-client_name'],
      method: 'GET',
      path: `/clients?filter=${encodeURIComponent(filter)}&sort=-client_name`,
    },
    { operation: clients.show, cli: ['clients', 'show', id], method: 'GET', path },
    {
      operation: clients.create,
      cli: ['clients', 'create', '--name', 'New', '--redirect-uri', 'https://new.example/cb', '--public'],
      method: 'POST',
      path: '/clients',
      body: {
        client_name: 'New',
        redirect_uris: ['https://new.example/cb'],
        token_endpoint_auth_method: 'none',
      },
    },
    {
      operation: clients.update,
      cli: ['clients', 'update', id, '--name', 'Web shop', '--first-party', '--backchannel-logout-uri', 'none'],
      method: 'PATCH',
      path,
      body: { client_name: 'Web shop', first_party: true, backchannel_logout_uri: null },
    },
    {
      operation: clients.create,
      about: 'with a secret, and a warning',
      cli: ['clients', 'create', '--name', 'Dull', '--redirect-uri', 'https://dull.example/cb', '--pkce', 'off'],
      method: 'POST',
      path: '/clients',
      body: { client_name: 'Dull', redirect_uris: ['https://dull.example/cb'], pkce: 'off' },
    },
    {
      operation: clients.update,
      about: 'with a scope of the admin API that does not exist',
      cli: ['clients', 'update', id, '--scope', 'cardea:nothing:read'],
      method: 'PATCH',
      path,
      body: { scope: 'cardea:nothing:read' },
      refused: 'invalid_input',
    },
    {
      operation: clients.rotateSecret,
      cli: ['clients', 'rotate-secret', id, '--overlap', '1h'],
      method: 'POST',
      path: `${path}/rotate-secret`,
      body: { overlap_seconds: 3_600 },
    },
    {
      operation: clients.endSecret,
      cli: ['clients', 'rotate-secret', id, '--end', 'old'],
      method: 'POST',
      path: `${path}/end-secret`,
      body: { secret: 'old' },
    },
    { operation: clients.remove, cli: ['clients', 'delete', id], method: 'DELETE', path },
    {
      operation: clients.remove,
      about: 'of one that does not exist',
      cli: ['clients', 'delete', id],
      method: 'DELETE',
      path,
      refused: 'not_found',
    },
  ];
};
