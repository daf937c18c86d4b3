import type { Command } from 'commander';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const USER = 'id, e-mail address or username';
const EVENTS_MAX = 1_000;

/** Verbs of `users` for sessions and security events: what the person sees at `/account`. */
export function userSessionsCommands(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  noun
    .command('sessions')
    .description('list the sessions of a person')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, overview, sessionDetails } = await context.accountStores();
        const account = await accounts.resolve(ref);
        const sessions = await overview.sessionsOf(account.id);
        const uids = sessions.map(({ uid }) => uid);
        const details = await sessionDetails.list(account, uids);
        const items = sessions.map(({ uid, authTime, amr, clientIds, expiresAt, endsAt }) => {
          const { browser, system, network, lastSeenAt } = details.find(({ sessionUid }) => sessionUid === uid) ?? {};
          return {
            uid,
            browser,
            system,
            network,
            signed_in_at: authTime,
            last_seen_at: lastSeenAt,
            amr,
            clients: clientIds,
            expires_at: expiresAt,
            ends_at: endsAt,
          };
        });
        const columns = ['uid', 'browser', 'system', 'network', 'signed_in_at', 'last_seen_at', 'ends_at', 'amr'];
        printItems(items, columns, 'They are signed in nowhere.', options);
      }),
    );

  noun
    .command('end-sessions')
    .description('end all sessions and tokens of a person, and the trust in their browsers; they may sign in again')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, devices, events, overview } = await context.accountStores();
        const account = await accounts.resolve(ref);
        const ended = await overview.countSessions(account.id);
        await context.db.transact([
          ...overview.endSessions(account.id),
          // A trusted browser would get in again without the second factor.
          devices.forgetOthers(account.id),
          ...(ended > 0 ? [events.append(account, 'session_ended')] : []),
        ]);
        printItem({ id: account.id, sessions_ended: ended }, options);
      }),
    );

  noun
    .command('events')
    .description('list the security events of an account in the last 90 days, newest first')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref = '') => {
        const { accounts, events } = await context.accountStores();
        const listed = await events.list(await accounts.resolve(ref), EVENTS_MAX);
        const items = listed.map(({ kind, at, details }) => ({ at, kind, ...details }));
        printItems(
          items,
          ['at', 'kind', 'browser', 'system', 'address', 'subject'],
          'Nothing has happened yet.',
          options,
        );
      }),
    );
}
