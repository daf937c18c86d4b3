import { keys } from '../../../server/operations/keys.ts';
import type { FacesOf } from '../../helpers/faces.ts';

export const keyFaces: FacesOf = async ({ db }) => {
  const [row] = await db.run<{ kid: string }>(
    { name: '', text: "SELECT kid FROM signing_keys WHERE ring = 'RS256' AND state = 'active'" },
    [],
  );
  const kid = row?.kid ?? '';
  const rotation = { operation: keys.rotate, method: 'POST', path: '/keys/rotate' } as const;
  return [
    { operation: keys.list, cli: ['keys', 'list'], method: 'GET', path: '/keys' },
    {
      operation: keys.list,
      about: 'of cookies',
      cli: ['keys', 'list', '--all'],
      method: 'GET',
      path: '/keys?all=true',
    },
    { ...rotation, cli: ['keys', 'rotate'], body: {} },
    { ...rotation, about: 'again', cli: ['keys', 'rotate'], body: {}, unchanged: true },
    {
      ...rotation,
      about: 'at once',
      cli: ['keys', 'rotate', '--now', '--ring', 'cookie'],
      body: { now: true, ring: 'cookie' },
    },
    {
      ...rotation,
      about: 'of a ring that is none',
      cli: ['keys', 'rotate', '--ring', 'PS512'],
      body: { ring: 'PS512' },
      refused: 'invalid_input',
    },
    { operation: keys.revoke, cli: ['keys', 'revoke', kid], method: 'POST', path: `/keys/${kid}/revoke` },
    {
      operation: keys.revoke,
      about: 'of no key',
      cli: ['keys', 'revoke', 'none'],
      method: 'POST',
      path: '/keys/none/revoke',
      refused: 'not_found',
    },
  ];
};
