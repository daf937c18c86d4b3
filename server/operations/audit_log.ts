import { type Static, Type } from 'typebox';
import { Check } from 'typebox/value';
import { problemOfProof } from '../audit/proofs.ts';
import { FINDINGS, type Finding } from '../audit/verify.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { AuditKey, EXAMPLE_HEAD, EXAMPLE_KEY, Hash, SIGNED_BY, SIGNED_HEAD, SignedHead } from './audit_signed.ts';
import { type InputLine, read, stream } from './operation.ts';
import { assertValid, Id, Nullable, strict } from './schema.ts';

/* The log of hashes, by which a change of the audit shows. */

const Path = Type.Array(Hash, { description: 'from the leaf to the root' });

const EventProof = strict(
  {
    ...SIGNED_HEAD,
    type: Type.Literal('cardea-audit-proof'),
    version: Type.Literal(1),
    event: Type.Record(Type.String(), Type.Unknown(), {
      description: 'the entry as it was hashed, in canonical JSON; its details are sealed',
    }),
    leaf_index: Type.Integer({ minimum: 0, description: 'its place in the log' }),
    path: Path,
    ...SIGNED_BY,
  },
  { title: 'AuditProof', description: 'shows that an entry is in the log (RFC 6962 §2.1.1)' },
);

const ConsistencyProof = strict(
  {
    type: Type.Literal('cardea-audit-consistency'),
    version: Type.Literal(1),
    from: SignedHead,
    to: SignedHead,
    path: Path,
    ...SIGNED_BY,
  },
  {
    title: 'AuditConsistency',
    description: 'shows that a log is the continuation of an earlier one (RFC 6962 §2.1.2)',
  },
);

const Line = strict(
  {
    type: Type.Enum(['finding', 'progress', 'result']),
    kind: Type.Optional(Type.Enum(Object.keys(FINDINGS) as Finding['kind'][], { description: 'of a finding' })),
    event_id: Type.Optional(Nullable(Type.String(), 'of a finding: the entry')),
    index: Type.Optional(
      Nullable(Type.Integer(), 'of a finding: the place in the log, or the size of the tree of a head'),
    ),
    meaning: Type.Optional(Type.String({ description: 'of a finding' })),
    events: Type.Optional(Type.Integer({ description: 'looked at so far' })),
    size: Type.Optional(Type.Integer({ description: 'entries in the log' })),
    heads: Type.Optional(Type.Integer({ description: 'in the result: signed heads that were checked' })),
    waiting: Type.Optional(Type.Integer({ description: 'in the result: new entries that are not in the log yet' })),
    retired: Type.Optional(Type.Integer({ description: 'in the result: entries that the retention has removed' })),
    findings: Type.Optional(
      Type.Integer({ description: 'in the result: how many; each of the first 1,000 has a line' }),
    ),
    newest: Type.Optional(
      Nullable(SignedHead, 'in the result: keep it elsewhere, to find an end that is cut off later'),
    ),
  },
  { title: 'AuditVerification' },
);

const EXAMPLE_ID = '019a3f5e-8c00-7a1b-9d2e-3f4a5b6c7d8e';
const HEADS_MAX = 200;
/** Heads to compare with. */
const KEPT_MAX = 1_000;
/** Findings that have a line. */
const LINES_MAX = 1_000;

export const auditLog = {
  heads: read({
    name: 'audit.heads',
    permission: 'audit:read',
    summary: 'List the signed heads of the log of the audit, the smallest tree first',
    description: 'Keep the newest one somewhere else: it shows when the log is cut or rewritten later.',
    schemas: {
      query: strict({
        from: Type.Optional(Type.Integer({ minimum: 0, description: 'the smallest size of a tree' })),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: HEADS_MAX })),
      }),
      output: strict({
        items: Type.Array(SignedHead),
        newest: Nullable(SignedHead, 'the newest of all; null before the first'),
        key: AuditKey,
        next_from: Type.Optional(Type.Integer({ description: '`from` of the next page; absent on the last' })),
      }),
    },
    example: { output: { items: [EXAMPLE_HEAD], newest: EXAMPLE_HEAD, key: EXAMPLE_KEY } },
    async run({ audit }, { query: { from = 0, limit = HEADS_MAX } }) {
      const heads = await audit.heads(from, limit + 1);
      const next = heads[limit];
      return {
        items: heads.slice(0, limit),
        newest: (await audit.newestHead()) ?? null,
        key: { ...(await audit.keys()).newest.publicKey },
        ...(next ? { next_from: next.head.tree_size } : {}),
      };
    },
  }),

  prove: read({
    name: 'audit.prove',
    permission: 'audit:read',
    summary: 'Prove that an entry is in the log of the audit',
    description:
      'Who has the proof needs neither the database nor Cardea: `cardea audit check-proof` checks it, or another program.',
    schemas: { params: strict({ id: Id }), output: EventProof },
    errors: ['audit_not_sealed'],
    example: {
      input: { params: { id: EXAMPLE_ID } },
      output: {
        ...EXAMPLE_HEAD,
        type: 'cardea-audit-proof',
        version: 1,
        event: { id: EXAMPLE_ID, action: 'groups.update' },
        leaf_index: 2_430,
        path: [EXAMPLE_HEAD.head.root_hash],
        key: EXAMPLE_KEY,
        successions: [],
      },
    },
    run: async ({ audit }, { params: { id } }) => {
      const proof = await audit.prove(id);
      return { ...proof, event: { ...proof.event }, path: [...proof.path], successions: [...proof.successions] };
    },
  }),

  consistency: read({
    name: 'audit.consistency',
    permission: 'audit:read',
    summary: 'Prove that the log of the audit is the continuation of an earlier one',
    schemas: {
      query: strict({
        from: Type.Integer({ minimum: 1, description: 'the size of the tree of the earlier head' }),
        to: Type.Optional(Type.Integer({ minimum: 1, description: 'of the later one; that of the newest by default' })),
      }),
      output: ConsistencyProof,
    },
    errors: ['not_found'],
    example: {
      input: { query: { from: 2_431 } },
      output: {
        type: 'cardea-audit-consistency',
        version: 1,
        from: EXAMPLE_HEAD,
        to: EXAMPLE_HEAD,
        path: [],
        key: EXAMPLE_KEY,
        successions: [],
      },
    },
    run: async ({ audit }, { query }) => {
      const proof = await audit.proveConsistency(query);
      return { ...proof, path: [...proof.path], successions: [...proof.successions] };
    },
  }),

  verify: stream({
    name: 'audit.verify',
    permission: 'audit:read',
    target: 'audit',
    changes: false,
    summary: 'Verify the audit: find every entry that was changed, removed, inserted or moved',
    description:
      'A line for each finding, lines of progress, and one with the result. An end that was cut off together with its heads shows only ' +
      'against a head that was kept elsewhere: send such heads, one a line.',
    schemas: {
      query: strict({
        since: Type.Optional(Type.String({ format: 'date-time', description: 'entries from this time on alone' })),
      }),
      body: SignedHead,
      output: Line,
    },
    example: {
      input: { body: EXAMPLE_HEAD },
      output: { type: 'result', events: 2_431, size: 2_431, findings: 0, heads: 12, waiting: 0, retired: 0 },
    },
    async *run({ audit }, { query: { since }, lines }, _call, commit) {
      const heads: Static<typeof SignedHead>[] = [];
      for await (const some of lines) {
        heads.push(...some.map(headIn));
        if (heads.length > KEPT_MAX) throw invalidInput('lines', `${KEPT_MAX} heads at most`);
      }
      const from = since === undefined ? undefined : Date.parse(since);
      // Such as one with a leap second.
      if (Number.isNaN(from)) throw invalidInput('since', 'is a time that does not exist');
      const running = await audit.verify({ since: from, heads });
      let findings = 0;
      for (let step = await running.next(); ; step = await running.next()) {
        if (step.done) {
          const { newest, ...totals } = step.value;
          const counts = { events: { after: totals.events }, findings: { after: findings } };
          await commit({ statements: [], target: { kind: 'audit', id: '' }, changes: counts });
          yield [{ type: 'result' as const, ...totals, findings, newest: newest ?? null }];
          return undefined;
        }
        const lines = step.value.findings.slice(0, Math.max(0, LINES_MAX - findings)).map(lineOf);
        findings += step.value.findings.length;
        yield [...lines, { type: 'progress' as const, ...step.value.progress }];
      }
    },
  }),
};

const lineOf = ({ kind, eventId, index }: Finding): Static<typeof Line> => ({
  type: 'finding',
  kind,
  event_id: eventId,
  index,
  meaning: FINDINGS[kind],
});

/**
 * Checks a proof without a database.
 * @param keyId the RFC 7638 thumbprint of the key that is trusted; undefined: the proof is compared with itself alone
 * @throws AppError 400 `invalid_proof`, which says why it proves nothing
 */
export function assertProof(proof: unknown, keyId: string | undefined): void {
  if (Check(SignedHead, proof) || Array.isArray(proof)) {
    throw new AppError(
      'invalid_proof',
      `it is ${kindOf(proof)}, which proves nothing alone: compare a head with the log by \`cardea audit verify --head FILE\`, or make a proof by \`cardea audit prove\` or \`consistency\``,
    );
  }
  const problem = problemOfProof(proof, keyId);
  if (problem !== undefined) throw new AppError('invalid_proof', problem);
}

/** @throws AppError 400 for a line that is no head */
function headIn({ number, value }: InputLine): Static<typeof SignedHead> {
  return headOfDocument(`line ${number}`, value);
}

/**
 * @param place where the value is from, such as the name of a file
 * @param value as it was parsed from JSON
 * @throws AppError 400 `invalid_input`, which says what it is instead
 */
export function headOfDocument(place: string, value: unknown): Static<typeof SignedHead> {
  if (value instanceof Error) throw invalidInput(place, `${value.message}: must be a signed head, ${ONE_HEAD}`);
  if (!Check(SignedHead, value)) throw invalidInput(place, `is ${kindOf(value)}: must be a signed head, ${ONE_HEAD}`);
  // Half of a surrogate pair has no bytes that could be hashed.
  assertValid(SignedHead, value, 'body');
  return value;
}

const ONE_HEAD = 'as `cardea audit heads --newest` prints it, with the members head and signature alone';

/** Names of documents, for the error about one that was given in place of another. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (Check(SignedHead, value)) return 'a signed head';
  const { type } = (value ?? {}) as { readonly type?: unknown };
  return KINDS[String(type)] ?? 'something else';
}

const KINDS: Readonly<Record<string, string>> = {
  'cardea-audit-proof': 'a proof of an entry',
  'cardea-audit-consistency': 'a proof that a log is the continuation of another one',
  'cardea-audit-head': 'a head without its signature',
};

/** The type of a proof that is right, and who signed it. @param proof that `assertProof` has checked @param keyId as there */
export function shownProof(proof: unknown, keyId: string | undefined) {
  const checked = proof as Static<typeof EventProof> | Static<typeof ConsistencyProof>;
  const isEvent = checked.type === 'cardea-audit-proof';
  const { key_id, tree_size, time } = (isEvent ? checked : checked.to).head;
  const signed = { key_id, tree_size, signed_at: time, trusted: keyId !== undefined };
  if (!isEvent) return { valid: true, type: checked.type, from_size: checked.from.head.tree_size, ...signed };
  const { id, at, action } = checked.event;
  return { valid: true, type: checked.type, id, at, action, index: checked.leaf_index, ...signed };
}
