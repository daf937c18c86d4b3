import { Type } from 'typebox';
import { ANY_CALLER, read } from './operation.ts';
import { PERMISSIONS } from './permissions.ts';
import { strict } from './schema.ts';

const Caller = strict(
  {
    client_id: Type.Union([Type.String(), Type.Null()], { description: 'the client that calls' }),
    user_id: Type.Union([Type.String(), Type.Null()], { description: 'the person who calls; null for a machine' }),
    permissions: Type.Array(Type.String(), { description: 'what they may do now' }),
  },
  { title: 'Caller' },
);

/** The caller. */
export const me = {
  show: read({
    name: 'me.show',
    permission: ANY_CALLER,
    summary: 'Show who calls and what they may do',
    schemas: { output: Caller },
    example: { output: { client_id: 'ops', user_id: null, permissions: ['users:read'] } },
    run: async (_services, _input, { actor: { kind, id, clientId = null, permissions } }) => ({
      client_id: kind === 'client' ? id : clientId,
      user_id: kind === 'person' ? id : null,
      permissions: PERMISSIONS.filter((one) => permissions.has(one)),
    }),
  }),
};
