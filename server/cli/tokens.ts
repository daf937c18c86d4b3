import type { Command } from 'commander';
import { decodeJwt } from 'jose';
import { transactIfNeeded } from '../platform/db.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { endGrant, endStoredToken, endToken, endTokensOfClient } from '../records/ended.ts';
import { type Context, UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { signedUntil } from './signed_until.ts';
import type { CommandTools } from './tools.ts';

interface RevokeOptions extends PrintOptions {
  tokenStdin?: boolean;
  jti?: string;
  grant?: string;
  session?: string;
  account?: string;
  client?: string;
}

/** By option: revokes the named tokens and returns the item to print. */
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
      'revoke tokens at once, on all nodes; a resource server that verifies JWTs by itself notices it only by introspection',
    )
    .option('--token-stdin', 'a token (JWT or opaque), read from one line of standard input')
    .option('--jti <jti>', 'a JWT access token, by its "jti"')
    .option('--grant <id>', 'all tokens of a grant: of one app in one session')
    .option('--session <uid>', 'a session (see "users sessions"), with the tokens of its apps')
    .option('--account <user>', 'all sessions and tokens of a person: id, e-mail address or username')
    .option('--client <client-id>', 'all tokens of an app')
    .option(...JSON_OPTION)
    .action(
      verb<RevokeOptions>(async (context, options) => {
        const { json: _, ...given } = options;
        const [one, ...more] = Object.entries(given) as [Exclude<keyof RevokeOptions, 'json'>, string | boolean][];
        if (!one || more.length > 0) {
          throw new UsageError('give exactly one option that says what to revoke (see --help)');
        }
        const [kind, named] = one;
        const revoke = kind === 'tokenStdin' ? revokeToken : REVOCATIONS[kind];
        printItem(await revoke(context, kind === 'tokenStdin' ? await readLine('token') : String(named)), options);
      }),
    );
}

/** @throws AppError 400 `invalid_input` for a JWT that is not an access token of this issuer, 404 for an unknown opaque token */
async function revokeToken(context: Context, token: string): Promise<Item> {
  if (token.includes('.')) return revokeJti(context, jtiOf(context, token));
  const ended = await endStoredToken(context.db, token);
  if (!ended) throw new AppError('not_found', 'no such token: it has ended already, or was never issued here');
  return { revoked: 'token', kind: ended.model, grant: ended.grantId };
}

/** The signature is not verified: an operator may end any token, also one whose key is gone. */
function jtiOf({ config }: Context, token: string): string {
  const claims = (() => {
    try {
      return decodeJwt(token);
    } catch (cause) {
      throw new AppError('invalid_input', 'token: neither a JWT nor an opaque token', { cause, field: 'token' });
    }
  })();
  if (claims.iss !== config.issuer.identifier)
    throw invalidInput('token', `was not issued by ${config.issuer.identifier}`);
  if (typeof claims.jti !== 'string') throw invalidInput('token', 'has no "jti"; only access tokens are revoked');
  return claims.jti;
}

const JTI_MAX = 256;

async function revokeJti(context: Context, jti: string): Promise<Item> {
  if (!/^[\x21-\x7e]+$/.test(jti) || jti.length > JTI_MAX) {
    throw invalidInput('jti', `must be 1 to ${JTI_MAX} printable characters`);
  }
  const until = await signedUntil(context);
  await context.db.transact([endToken(jti, until)]);
  return { revoked: 'jti', jti, remembered_until: until };
}

async function revokeGrant({ db }: Context, id: string): Promise<Item> {
  const ended = await endGrant(db, id);
  if (!ended) throw notFound('grant', id);
  return { revoked: 'grant', grant: id, account: ended.accountId, client_id: ended.clientId };
}

async function revokeSession(context: Context, uid: string): Promise<Item> {
  const { accounts, events, overview } = await context.accountStores();
  const accountId = await overview.ownerOf(uid);
  if (accountId === undefined) throw notFound('session', uid);
  const account = await accounts.resolve(accountId);
  const ended = await transactIfNeeded(context.db, [
    ...overview.endSession(account.id, uid),
    events.append(account, 'session_ended'),
  ]);
  // The token may have ended since it was read.
  if (!ended) throw notFound('session', uid);
  return { revoked: 'session', session: uid, account: account.id };
}

async function revokeAccount(context: Context, ref: string): Promise<Item> {
  const { accounts, events, overview } = await context.accountStores();
  const account = await accounts.resolve(ref);
  const hasSessions = (await overview.countSessions(account.id)) > 0;
  await context.db.transact([
    ...overview.endSessions(account.id),
    ...(hasSessions ? [events.append(account, 'session_ended')] : []),
  ]);
  return { revoked: 'account', account: account.id };
}

async function revokeClient(context: Context, id: string): Promise<Item> {
  if (!(await context.clients.find(id))) throw notFound('client', id);
  const until = await signedUntil(context);
  const [grants, records] = await context.db.transact(endTokensOfClient(id, new Date(context.now()), until));
  return {
    revoked: 'client',
    client_id: id,
    grants_ended: grants?.length ?? 0,
    tokens_ended: records?.length ?? 0,
    remembered_until: until,
  };
}
