import type { Command } from 'commander';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

const USER = 'id, e-mail address or username';
const EVENTS_MAX = 1_000;

/** Verbs of `users` about what a person has open, and what has happened to them: what they see at `/account`. */
export function userSessionsCommands(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  noun
    .command('sessions')
    .description('browsers in which a person is signed in')
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
    .description(
      'sign a person out everywhere at once, and out of all apps, and forget their browsers; they may sign in again',
    )
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
    .description('what happened to a person’s account in the last 90 days, the newest first')
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
