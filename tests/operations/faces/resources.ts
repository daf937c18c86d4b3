import { resources } from '../../../server/operations/resources.ts';
import type { FacesOf } from '../../helpers/faces.ts';

export const resourceFaces: FacesOf = async ({ seed }) => {
  const identifier = 'https://files.example/';
  await seed.resourceServer({ identifier, name: 'Files', scopes: ['files:read'] });
  const { id: client } = await seed.party();
  const path = `/resources/${encodeURIComponent(identifier)}`;
  const filter = 'scopes eq "files:read"';
  return [
    { operation: resources.list, cli: ['resources', 'list'], method: 'GET', path: '/resources?limit=200' },
    {
      operation: resources.list,
      about: 'with a filter',
      cli: ['resources', 'list', '--filter', filter],
      method: 'GET',
      path: `/resources?filter=${encodeURIComponent(filter)}`,
    },
    { operation: resources.show, cli: ['resources', 'show', identifier], method: 'GET', path },
    {
      operation: resources.create,
      cli: ['resources', 'create', '--identifier', 'https://new.example', '--name', 'New', '--scope', 'a b', '--open'],
      method: 'POST',
      path: '/resources',
      body: { identifier: 'https://new.example', name: 'New', scopes: ['a', 'b'], open: true },
    },
    {
      operation: resources.update,
      cli: ['resources', 'update', identifier, '--client', client, '--token-typ', 'JWT'],
      method: 'PATCH',
      path,
      body: { clients: [client], token_typ: 'JWT' },
    },
    {
      operation: resources.update,
      about: 'with a scope of the admin API',
      cli: ['resources', 'update', identifier, '--scope', 'cardea:users:read'],
      method: 'PATCH',
      path,
      body: { scopes: ['cardea:users:read'] },
      refused: 'invalid_input',
    },
    { operation: resources.remove, cli: ['resources', 'delete', identifier], method: 'DELETE', path },
  ];
};
