import { groups } from '../../../server/operations/groups.ts';
import { roles } from '../../../server/operations/roles.ts';
import type { Face, FacesOf } from '../../helpers/faces.ts';

/** Groups and roles. Those that a person has exist. */
export const groupFaces: FacesOf = async ({ seed }) => {
  await seed.person({ groups: ['kept'], roles: ['kept'] });
  return [...facesOf('groups'), ...facesOf('roles'), ...PERMISSIONS];
};

function facesOf(noun: 'groups' | 'roles'): Face[] {
  const operations = { groups, roles }[noun] as typeof groups;
  const made = { name: 'staff', description: 'all' };
  return [
    {
      operation: operations.create,
      cli: [noun, 'create', made.name, '--description', made.description],
      method: 'POST',
      path: `/${noun}`,
      body: made,
    },
    {
      operation: operations.create,
      about: 'of a name that is taken',
      cli: [noun, 'create', made.name],
      method: 'POST',
      path: `/${noun}`,
      body: { name: made.name },
      refused: 'already_exists',
    },
    {
      operation: operations.update,
      cli: [noun, 'update', made.name, '--description', 'everybody'],
      method: 'PATCH',
      path: `/${noun}/${made.name}`,
      body: { description: 'everybody' },
    },
    { operation: operations.show, cli: [noun, 'show', made.name], method: 'GET', path: `/${noun}/${made.name}` },
    {
      operation: operations.list,
      cli: [noun, 'list', '--filter', 'name sw "s"'],
      method: 'GET',
      path: `/${noun}?filter=${encodeURIComponent('name sw "s"')}`,
    },
    { operation: operations.remove, cli: [noun, 'delete', made.name], method: 'DELETE', path: `/${noun}/${made.name}` },
    {
      operation: operations.remove,
      about: 'that people have',
      cli: [noun, 'delete', 'kept'],
      method: 'DELETE',
      path: `/${noun}/kept`,
      refused: 'in_use',
    },
    {
      operation: operations.remove,
      about: 'that is taken from people',
      cli: [noun, 'delete', 'kept', '--remove-members'],
      method: 'DELETE',
      path: `/${noun}/kept?remove_members=true`,
    },
  ];
}

const PERMISSIONS: readonly Face[] = [
  {
    operation: roles.create,
    about: 'with permissions',
    cli: ['roles', 'create', 'support', '--permission', 'users:read,lockouts:write'],
    method: 'POST',
    path: '/roles',
    body: { name: 'support', permissions: ['users:read', 'lockouts:write'] },
  },
  {
    operation: roles.update,
    about: 'of a builtin role',
    cli: ['roles', 'update', 'cardea-admin', '--permission', ''],
    method: 'PATCH',
    path: '/roles/cardea-admin',
    body: { permissions: [] },
    refused: 'builtin_role',
  },
];
