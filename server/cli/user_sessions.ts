import type { Command } from 'commander';
import type { Static } from 'typebox';
import type { AcceptedText } from '../operations/accepted_texts.ts';
import { userSessions } from '../operations/user_sessions.ts';
import { listed } from './lists.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions, showing } from './output.ts';
import type { CommandTools } from './tools.ts';
import { ofUser, USER } from './user_ref.ts';

interface ChangeOptions extends PrintOptions {
  dryRun?: boolean;
}

/** Verbs of `users` for sessions, grants and security events: what the person sees at `/account`. */
export function userSessionsCommands(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  showing(noun.command('sessions'), userSessions.list)
    .description('list the sessions of a person')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref) => {
        const items = await listed(
          context,
          userSessions.list,
          { full: options.full },
          {},
          (await ofUser(context, ref)).params,
        );
        const columns = ['uid', 'browser', 'system', 'network', 'signed_in_at', 'last_seen_at', 'ends_at', 'amr'];
        printItems(items as Item[], columns, 'They are signed in nowhere.', options);
      }),
    );

  noun
    .command('end-sessions')
    .description('end all sessions and tokens of a person, and the trust in their browsers; they may sign in again')
    .argument('<user>', USER)
    .option('--session <uid>', 'this session alone, with the tokens of the clients that it has signed in to')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions & { session?: string }>(async (context, options, ref) => {
        const { session: uid } = options;
        const user = await ofUser(context, ref);
        const ended =
          uid === undefined
            ? await context.operate(userSessions.endAll, user, options)
            : await context.operate(userSessions.end, { params: { ...user.params, uid } }, options);
        printItem(ended, options);
      }),
    );

  noun
    .command('grants')
    .description('list the clients that a person has allowed something')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref) => {
        const items = await listed(context, userSessions.grants, {}, {}, (await ofUser(context, ref)).params);
        const shown = items.map((one) => ({ ...one, accepted_texts: one.accepted_texts?.map(acceptedText) }));
        const columns = [
          'client_id',
          'scopes',
          'resources',
          'created_at',
          'last_used_at',
          'accepted_texts',
          'expires_at',
        ];
        printItems(items as Item[], columns, 'They have allowed nothing to a client.', options, shown as Item[]);
      }),
    );

  noun
    .command('revoke-grants')
    .description('revoke what a person has allowed a client, with its tokens')
    .argument('<user>', USER)
    .argument('<client>', 'the client_id')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<ChangeOptions>(async (context, options, ref, clientId = '') => {
        const { params } = await ofUser(context, ref);
        const input = { params: { ...params, client_id: clientId } };
        printItem(await context.operate(userSessions.revokeGrants, input, options), options);
      }),
    );

  showing(noun.command('events'), userSessions.events)
    .description('list the security events of a user that are still stored (CARDEA_EVENTS_KEPT), newest first')
    .argument('<user>', USER)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async (context, options, ref) => {
        const events = await listed(
          context,
          userSessions.events,
          { full: options.full },
          {},
          (await ofUser(context, ref)).params,
        );
        const columns = ['at', 'kind', 'browser', 'system', 'address', 'subject'];
        const shown = events.map(({ at, kind, details }) => ({ at, kind, ...details }));
        printItems(events, columns, 'Nothing has happened yet.', options, shown);
      }),
    );
}

/** A version of a text that a person has accepted, for people. */
export function acceptedText(accepted: Static<typeof AcceptedText>): string {
  const { kind, version, accepted_at: at, withdrawn_at: withdrawn } = accepted;
  return `${kind} ${version} at ${at}${withdrawn === undefined ? '' : `, withdrawn at ${withdrawn}`}`;
}
