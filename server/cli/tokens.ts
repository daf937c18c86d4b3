import type { Command } from 'commander';
import { decodeJwt } from 'jose';
import { createEvents } from '../accounts/events.ts';
import { type Statement, transactIfNeeded } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { hashToken } from '../platform/sealing.ts';
import { endToken, endTokensOfClient } from '../records/ended.ts';
import { createOverview } from '../records/overview.ts';
import { type Context, UsageError } from './context.ts';
import { signedForSeconds } from './keys.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

interface RevokeOptions extends PrintOptions {
  tokenStdin?: boolean;
  jti?: string;
  grant?: string;
  session?: string;
  account?: string;
  client?: string;
}

/** What can be revoked: the option that names it, and what is done. Each returns what is told of it. */
const REVOCATIONS: Readonly<
  Record<Exclude<keyof RevokeOptions, 'json' | 'tokenStdin'>, (context: Context, named: string) => Promise<Item>>
> = {
  jti: revokeJti,
  grant: revokeGrant,
  session: revokeSession,
  account: revokeAccount,
  client: revokeClient,
};

export function tokensCommand(noun: Command, { verb, printItem, readLine }: CommandTools): void {
  noun
    .command('revoke')
    .description(
      'end tokens at once, on all nodes; resource servers that verify JWTs by themselves have to ask to know',
    )
    .option('--token-stdin', 'the token that is read from standard input, one line: a JWT or an opaque one')
    .option('--jti <jti>', 'one JWT access token, by its "jti"')
    .option('--grant <id>', 'all that was issued under one grant: one app, in one session')
    .option('--session <uid>', 'one browser of a person ("users sessions"), and the apps that it signed in to')
    .option('--account <user>', 'all that a person has open: id, e-mail address or username')
    .option('--client <client-id>', 'all that was issued to one app')
    .option(...JSON_OPTION)
    .action(
      verb<RevokeOptions>(async (context, options) => {
        const { json: _, ...given } = options;
        const [one, ...more] = Object.entries(given) as [Exclude<keyof RevokeOptions, 'json'>, string | boolean][];
        if (!one || more.length > 0) {
          throw new UsageError('say what to revoke by one of the options, and by one alone (see --help)');
        }
        const [kind, named] = one;
        const revoke = kind === 'tokenStdin' ? revokeToken : REVOCATIONS[kind];
        printItem(await revoke(context, kind === 'tokenStdin' ? await readLine('token') : String(named)), options);
      }),
    );
}

export const TOKEN_STATEMENTS = {
  endRecord: {
    name: 'tokens.end_record',
    // RFC 7009 §2.1: with a refresh token goes all that came of it.
    text: `WITH ended AS (
             DELETE FROM records WHERE id_hash = $1 AND model IN ('AccessToken', 'RefreshToken', 'ClientCredentials')
             RETURNING model, grant_id
           ), grants_ended AS (
             DELETE FROM grants WHERE id = (SELECT grant_id FROM ended WHERE model = 'RefreshToken') RETURNING id
           )
           SELECT model, (SELECT id FROM grants_ended) AS grant_id FROM ended`,
  },
  endGrant: { name: 'tokens.end_grant', text: 'DELETE FROM grants WHERE id = $1 RETURNING account_id, client_id' },
  ownerOfSession: { name: 'tokens.owner_of_session', text: 'SELECT account_id FROM sessions WHERE uid = $1' },
} as const satisfies Record<string, Statement>;

/** @throws AppError 400 `invalid_input` for a JWT that is no access token of ours, 404 for an opaque one that is not there */
async function revokeToken(context: Context, token: string): Promise<Item> {
  if (token.includes('.')) return revokeJti(context, jtiOf(context, token));
  const [found] = await context.db.run<{ model: string; grant_id: string | null }>(TOKEN_STATEMENTS.endRecord, [
    hashToken(token),
  ]);
  if (!found) throw new AppError('not_found', 'no such token: it has ended already, or was never issued here');
  return { revoked: 'token', kind: found.model, grant: found.grant_id };
}

/** Whoever can run this may end any token, so nothing is proved by the signature; a key that has gone must not be in the way. */
function jtiOf({ config }: Context, token: string): string {
  const claims = (() => {
    try {
      return decodeJwt(token);
    } catch (cause) {
      throw new AppError('invalid_input', 'token: neither a JWT nor an opaque token', { cause, field: 'token' });
    }
  })();
  if (claims.iss !== config.issuer.origin) throw invalidInput('token', `was not issued by ${config.issuer.origin}`);
  if (typeof claims.jti !== 'string') throw invalidInput('token', 'has no "jti"; only access tokens are revoked');
  return claims.jti;
}

const JTI_MAX = 256;

async function revokeJti(context: Context, jti: string): Promise<Item> {
  if (!/^[\x21-\x7e]+$/.test(jti) || jti.length > JTI_MAX) {
    throw invalidInput('jti', `must be 1 to ${JTI_MAX} printable characters`);
  }
  const until = await lastExpiry(context);
  await context.db.transact([endToken(jti, until)]);
  return { revoked: 'jti', jti, remembered_until: until };
}

async function revokeGrant({ db }: Context, id: string): Promise<Item> {
  const [gone] = await db.run<{ account_id: string; client_id: string }>(TOKEN_STATEMENTS.endGrant, [id]);
  if (!gone) throw notFound('grant', id);
  return { revoked: 'grant', grant: id, account: gone.account_id, client_id: gone.client_id };
}

async function revokeSession(context: Context, uid: string): Promise<Item> {
  const [session] = await context.db.run<{ account_id: string | null }>(TOKEN_STATEMENTS.ownerOfSession, [uid]);
  if (!session?.account_id) throw notFound('session', uid);
  const accounts = await context.accounts();
  const account = await accounts.resolve(session.account_id);
  const event = createEvents({ ...context, accounts }).append(account, 'session_ended');
  const end = createOverview({ ...context, ...context.config }).endSession(account.id, uid);
  // It may have ended since it was read.
  if (!(await transactIfNeeded(context.db, [...end, event]))) throw notFound('session', uid);
  return { revoked: 'session', session: uid, account: account.id };
}

async function revokeAccount(context: Context, ref: string): Promise<Item> {
  const accounts = await context.accounts();
  const account = await accounts.resolve(ref);
  const overview = createOverview({ ...context, ...context.config });
  const event = createEvents({ ...context, accounts }).append(account, 'session_ended');
  const told = (await overview.countSessions(account.id)) > 0 ? [event] : [];
  await context.db.transact([...overview.endSessions(account.id), ...told]);
  return { revoked: 'account', account: account.id };
}

async function revokeClient(context: Context, id: string): Promise<Item> {
  if (!(await context.clients.find(id))) throw notFound('client', id);
  const until = await lastExpiry(context);
  const [grants, records] = await context.db.transact(endTokensOfClient(id, new Date(context.now()), until));
  return {
    revoked: 'client',
    client_id: id,
    grants_ended: grants?.length ?? 0,
    tokens_ended: records?.length ?? 0,
    remembered_until: until,
  };
}

/** When the last JWT that was signed by now will have expired, whatever lifetimes were set when it was. */
async function lastExpiry(context: Context): Promise<Date> {
  return new Date(context.now() + 1_000 * (await signedForSeconds(context)));
}
