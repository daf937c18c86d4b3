import { type Static, Type } from 'typebox';
import { Nullable, strict, Time } from './schema.ts';

/* The schemas of what the keys of the audit sign. */

export const Hash = Type.String({ description: 'SHA-256, base64url' });

export const AuditKey = strict(
  { kty: Type.Literal('OKP'), crv: Type.Literal('Ed25519'), x: Type.String(), kid: Type.String() },
  { title: 'AuditKey', description: 'a JWK (RFC 8037)' },
);

const Head = strict({
  type: Type.Literal('cardea-audit-head'),
  version: Type.Literal(1),
  issuer: Type.String(),
  key_id: Type.String({ description: 'RFC 7638 thumbprint of the key' }),
  tree_size: Type.Integer({ minimum: 0, description: 'entries in the log' }),
  root_hash: Hash,
  previous: Nullable(Type.String(), 'SHA-256 of the head before in canonical JSON, base64url'),
  time: Time,
});

export const SIGNED_HEAD = {
  head: Head,
  signature: Type.String({ description: 'Ed25519 over the head in canonical JSON (RFC 8785), base64url' }),
};
export const SignedHead = strict(SIGNED_HEAD, { title: 'AuditHead' });

export const SignedSuccession = strict(
  {
    succession: strict({
      type: Type.Literal('cardea-audit-succession'),
      version: Type.Literal(1),
      issuer: Type.String(),
      generation: Type.Integer({ minimum: 2 }),
      key: AuditKey,
      previous_key: AuditKey,
      tree_size: Type.Integer({ minimum: 0, description: 'entries in the log when the key was replaced' }),
      root_hash: Hash,
      removed_before: Type.String({ description: 'the least id of an entry that the retention had left' }),
      time: Time,
    }),
    signature: Type.String({
      description: 'Ed25519 by the key before, over the statement in canonical JSON, base64url',
    }),
    own_signature: Type.String({ description: 'the same by the new key' }),
  },
  { title: 'AuditSuccession', description: 'says that one key of the audit replaces another' },
);

export const SIGNED_BY = {
  key: AuditKey,
  successions: Type.Array(SignedSuccession, {
    description: 'how the key has replaced those before it, the first one first',
  }),
};

export const EXAMPLE_HEAD: Static<typeof SignedHead> = {
  head: {
    type: 'cardea-audit-head',
    version: 1,
    issuer: 'https://id.example.com',
    key_id: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
    tree_size: 2_431,
    root_hash: 'n0ZpQh3p3ZQeqxAYyS9PZ4wGe5oMLCqVj0d1ReHXVVw',
    previous: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
    time: '2026-11-01T08:00:00.000Z',
  },
  signature: 'qyQ4mGjLBPdwNYk1sOWbHkqRkP4lZ1nIh8v2Bm8dFyZ8lS1k3tq0rW5uVwXyZaBcDeFgHiJkLmNoPqRsTuVwAg',
};

export const EXAMPLE_KEY: Static<typeof AuditKey> = {
  kty: 'OKP',
  crv: 'Ed25519',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
};
