import { readFileSync } from 'node:fs';
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose';
import { checkJwks } from '../clients/jwks.ts';
import { objectOf } from '../clients/self_registration.ts';
import { SIGNING_ALGS } from '../clients/vocabulary.ts';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';

type Body = Readonly<Record<string, unknown>>;

/** Issuers of software statements, each with its keys. */
export type StatementIssuers = ReadonlyMap<string, JSONWebKeySet>;

/**
 * @param file JSON: issuers, each with its JSON Web Key Set
 * @throws Error with a message that follows the name of the setting
 */
export function readStatementIssuers(file: string): StatementIssuers {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'it is not JSON'})`);
  }
  const issuers = Object.entries(objectOf(content, 'the file'));
  return new Map(issuers.map(([issuer, jwks]) => [issuer, checkJwks(jwks) as unknown as JSONWebKeySet]));
}

/**
 * The metadata of a request, overridden by the claims of its software statement (RFC 7591 §2.3, §3.1.1). A server
 * without trusted issuers ignores software statements.
 * @throws AppError 400 `unapproved_software_statement` for an issuer that is not trusted, `invalid_software_statement`
 */
export function createClaimsOf(parts: { issuers: StatementIssuers; now: Clock }): (body: Body) => Promise<Body> {
  const { issuers, now } = parts;
  return async (body) => {
    const { software_statement: statement, ...rest } = body;
    if (issuers.size === 0 || statement === undefined) return rest;
    if (typeof statement !== 'string') throw invalid();
    const issuer = issuerOf(statement);
    const jwks = issuer === undefined ? undefined : issuers.get(issuer);
    if (!jwks) {
      throw new AppError('unapproved_software_statement', 'software_statement: its issuer is not trusted here', {
        field: 'software_statement',
      });
    }
    try {
      const { payload } = await jwtVerify(statement, createLocalJWKSet(jwks), {
        algorithms: [...SIGNING_ALGS],
        currentDate: new Date(now()),
      });
      return { ...rest, ...payload };
    } catch (cause) {
      throw invalid(cause);
    }
  };
}

function issuerOf(statement: string): string | undefined {
  try {
    return decodeJwt(statement).iss;
  } catch (cause) {
    throw invalid(cause);
  }
}

function invalid(cause?: unknown): AppError {
  return new AppError('invalid_software_statement', 'software_statement: it is not valid', {
    cause,
    field: 'software_statement',
  });
}
