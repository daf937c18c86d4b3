import { Type } from 'typebox';
import { countStoredHashes, USABLE_HASH_STATES } from '../accounts/stored_hashes.ts';
import { read } from './operation.ts';
import { Nullable, strict } from './schema.ts';

const CountedHashes = strict({
  kind: Type.String({ description: 'the hash function, or the system that the hashes come from' }),
  pepper: Nullable(Type.String(), 'the key that they need besides'),
  state: Type.String({ description: 'what becomes of a sign-in by such a hash with the settings in force' }),
  people: Type.Integer({ minimum: 0 }),
});

export { USABLE_HASH_STATES };

/** How passwords are stored. It reads every hash, so that it has no route. */
export const passwords = {
  status: read({
    name: 'passwords.status',
    permission: 'credentials:read',
    summary: 'Count the stored passwords by hash format',
    schemas: { output: strict({ items: Type.Array(CountedHashes) }) },
    example: { output: { items: [{ kind: 'argon2', pepper: null, state: 'current', people: 12 }] } },
    async run({ db, passwords: open }) {
      const { passwords: service } = await open();
      return { items: await countStoredHashes(db, service) };
    },
  }),
};
