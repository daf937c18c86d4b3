import { type Static, Type } from 'typebox';
import type { AuditKeyRing } from '../audit/key_ring.ts';
import { AuditKey, EXAMPLE_KEY, SignedSuccession } from './audit_signed.ts';
import { type Call, change, type Plan, read } from './operation.ts';
import { Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Key = strict({
  key: AuditKey,
  signs: Type.Boolean({ description: 'the newest one; those before it verify what they have signed' }),
  from_size: Type.Integer({ minimum: 0, description: 'it signs logs of this size and larger ones' }),
  since: Nullable(Time, 'when it replaced the key before; null for the first'),
  signed: Nullable(SignedSuccession, 'the statement by which it replaced the key before; null for the first'),
});

const Rotated = strict(
  {
    key_id: Nullable(Type.String(), 'RFC 7638 thumbprint of the new key; null in a dry run, which keeps none'),
    previous_key_id: Type.String(),
    from_size: Type.Integer({ minimum: 0 }),
  },
  { title: 'AuditKeyRotation' },
);
const EXAMPLE: Static<typeof Rotated> = {
  key_id: 'lZr3rcVcy1X0mPqg7mJ0mR2yS0e4Jb2qJ6lH5n3kW9c',
  previous_key_id: EXAMPLE_KEY.kid,
  from_size: 2_431,
};

/** The keys that sign the log of the audit, and make the MACs of its entries. */
export const auditKeys = {
  list: read({
    name: 'audit.keys',
    permission: 'audit:read',
    summary: 'List the keys of the audit, the oldest first',
    description: 'Give the id of the newest one to those who check proofs, by another way than the proofs.',
    schemas: { output: strict({ items: Type.Array(Key) }, { title: 'AuditKeys' }) },
    example: { output: { items: [{ key: EXAMPLE_KEY, signs: true, from_size: 0, since: null, signed: null }] } },
    run: async ({ audit }) => ({ items: shown(await audit.keys()) }),
  }),

  rotate: change({
    name: 'audit.rotate_key',
    permission: 'audit:write',
    target: 'audit',
    summary: 'Replace the key of the audit by another one',
    description:
      'The new key signs at once. Both keys sign the statement that one replaces the other, so that who trusts the key before can trust ' +
      'the new one. What was signed before stays valid.',
    schemas: { output: Rotated },
    example: { output: EXAMPLE },
    plan: planRotation,
  }),
};

async function planRotation(
  services: Services,
  input: unknown,
  call: Pick<Call, 'dryRun'>,
): Promise<Plan<Static<typeof Rotated>>> {
  const { statements, succession } = await services.audit.successor();
  const [before, after] = [succession.previous_key.kid, succession.key.kid];
  return {
    statements,
    target: { kind: 'audit', id: '' },
    changes: { key_id: { before, after } },
    result: () => ({ key_id: call.dryRun ? null : after, previous_key_id: before, from_size: succession.tree_size }),
    again: () => planRotation(services, input, call),
  };
}

function shown({ periods, newest }: AuditKeyRing): Static<typeof Key>[] {
  return periods.map(({ key, fromSize, since, signed }) => ({
    key: { ...key.publicKey },
    signs: key === newest,
    from_size: fromSize,
    since: signed ? new Date(since).toISOString() : null,
    signed: signed ?? null,
  }));
}
