import { type Static, Type } from 'typebox';
import { invalidInput } from '../platform/errors.ts';
import { issuerOf, movingIssuer } from '../platform/installation.ts';
import { readIssuer } from '../platform/issuer.ts';
import { change, type Plan, read } from './operation.ts';
import { Nullable, strict } from './schema.ts';
import type { Services } from './services.ts';

const Moved = strict({
  before: Nullable(Type.String(), 'null before a server has started with the database'),
  issuer: Type.String(),
  moved: Type.Boolean({ description: 'it was another one before' }),
});

/** The issuer that the database belongs to. */
export const issuer = {
  show: read({
    name: 'issuer.show',
    permission: 'config:read',
    summary: 'Show the issuer that the database belongs to',
    schemas: {
      output: strict({
        database: Nullable(Type.String(), 'null before a server has started with the database'),
        configured: Type.String(),
      }),
    },
    example: { output: { database: 'https://id.example.com', configured: 'https://id.example.com' } },
    run: async ({ db, config }) => ({
      database: (await issuerOf(db)) ?? null,
      configured: config.issuer.identifier,
    }),
  }),

  move: change({
    name: 'issuer.move',
    permission: 'config:write',
    target: 'issuer',
    summary: 'Change the issuer that the database belongs to',
    description: 'When the servers move to another URL. For the command line alone.',
    schemas: {
      body: strict({ issuer: Type.String({ maxLength: 2_000, description: 'the new one' }) }),
      output: Moved,
    },
    example: {
      input: { body: { issuer: 'https://id.example.com' } },
      output: { before: 'https://login.example.com', issuer: 'https://id.example.com', moved: true },
    },
    plan: (services, { body }) => planOf(services, identifierIn(body.issuer)),
  }),
};

async function planOf(services: Services, to: string): Promise<Plan<Static<typeof Moved>>> {
  const before = (await issuerOf(services.db)) ?? null;
  const differs = before !== to;
  return {
    statements: differs ? [movingIssuer({ before, issuer: to }, services.now)] : [],
    target: { kind: 'issuer', id: to },
    changes: differs ? { issuer: { before, after: to } } : {},
    result: () => ({ before, issuer: to, moved: differs && before !== null }),
    again: () => planOf(services, to),
  };
}

function identifierIn(url: string): string {
  try {
    return readIssuer(url).identifier;
  } catch (error) {
    throw invalidInput('issuer', (error as Error).message);
  }
}
