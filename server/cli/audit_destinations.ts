import { type Command, Option } from 'commander';
import { deadLetters } from '../operations/dead_letters.ts';
import { destinations } from '../operations/destinations.ts';
import { content, seconds } from '../platform/settings.ts';
import { UsageError } from './context.ts';
import { itemVerb, listVerb, type Operation } from './item_verbs.ts';
import { DRY_RUN_OPTION, type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { timeIn } from './times.ts';
import type { CommandTools } from './tools.ts';

interface SettingOptions extends PrintOptions {
  dryRun?: boolean;
  name?: string;
  url?: string;
  host?: string;
  port?: string;
  ca?: string;
  enterpriseNumber?: string;
  file?: string;
  action?: string[];
  outcome?: ('done' | 'refused' | 'denied')[];
  everybody?: boolean;
  heads?: boolean;
  details?: boolean;
  from?: string;
}

interface CreateOptions extends SettingOptions {
  kind: 'webhook' | 'cloudevents' | 'syslog' | 'file';
  name: string;
  client?: string;
}

const several = (value: string, before: string[] | undefined) => [...(before ?? []), value];
const KEEP_SECRET = 'Keep the secret now: it is sealed, and cannot be shown again.';

/** `cardea audit destinations` and `cardea audit dead-letters` */
export function deliveryCommands(noun: Command, tools: CommandTools): void {
  destinationCommands(noun.command('destinations').description('where the audit is sent to'), tools);
  const letters = noun.command('dead-letters').description('entries that could not be delivered');
  listVerb(letters, tools, {
    about: 'list entries that could not be delivered, the oldest first',
    operation: deadLetters.list,
    columns: [
      'id',
      'destination_id',
      'first_index',
      'last_index',
      'is_head',
      'first_event_id',
      'action',
      'reason',
      'attempts',
      'wanted',
      'created_at',
    ],
    empty: 'There are no dead letters.',
  });
  const one = { id: 'id' };
  itemVerb(letters, tools, { ...one, name: 'show', about: 'show a dead letter', operation: deadLetters.show });
  letterVerb(letters, tools, {
    name: 'retry',
    about: 'send it again, or all of a destination; what fails stays',
    operations: [deadLetters.retry, deadLetters.retryAll],
  });
  letterVerb(letters, tools, {
    name: 'drop',
    about: 'drop it, or all of a destination: it is not delivered',
    operations: [deadLetters.drop, deadLetters.dropAll],
  });
}

/** A verb about one dead letter, or about all of a destination. */
function letterVerb(
  noun: Command,
  { verb, printItem }: CommandTools,
  of: { readonly name: string; readonly about: string; readonly operations: readonly [Operation, Operation] },
): void {
  const [one, ofAll] = of.operations;
  noun
    .command(of.name)
    .description(of.about)
    .argument('[id]', 'of a dead letter')
    .option('--all <destination-id>', 'all of this destination instead')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { dryRun?: boolean; all?: string }>(async ({ operate }, { all, ...options }, id) => {
        const given = all ?? id;
        if (given === undefined || (all !== undefined && id !== undefined)) {
          throw new UsageError('name a dead letter by its id, or a destination by --all');
        }
        const operation = all === undefined ? one : ofAll;
        printItem((await operate(operation, { params: { id: given } }, options)) as Item, options);
      }),
    );
}

function destinationCommands(noun: Command, tools: CommandTools): void {
  const { verb, printItem, note } = tools;

  settingOptions(
    noun
      .command('create')
      .description('make a destination, and print its secret, which is shown only now')
      .addOption(
        new Option('--kind <kind>', 'how it is sent')
          .choices(['webhook', 'cloudevents', 'syslog', 'file'])
          .makeOptionMandatory(),
      )
      .requiredOption('--name <name>', 'its name, for operators')
      .option('--client <client-id>', 'a client, which gets the events of its people alone')
      .option('--from <index or time>', 'the first entry that it gets (default: from now on)'),
  ).action(
    verb<CreateOptions>(async ({ operate }, options) => {
      const { kind, client, from } = options;
      const made = await operate(
        destinations.create,
        {
          body: {
            ...bodyOf(options),
            kind,
            name: options.name,
            settings: settingsOf(options) ?? {},
            ...(client === undefined ? {} : { client_id: client }),
            ...(from === undefined ? {} : { from: fromOf(from) }),
          },
        },
        options,
      );
      printSecret(made as Item, options);
    }),
  );

  settingOptions(
    noun
      .command('update')
      .description('change a destination: only what the options name')
      .argument('<id>')
      .option('--name <name>', 'its name, for operators')
      .option('--no-everybody', 'of a client: only events of people who have used it')
      .option('--no-heads', 'send no signed heads')
      .option('--no-details', 'send no addresses and devices'),
  ).action(
    verb<SettingOptions>(async ({ operate }, options, id = '') => {
      const settings = settingsOf(options);
      const body = { ...bodyOf(options), ...(settings ? { settings } : {}) };
      if (Object.keys(body).length === 0) throw new UsageError('nothing to change was given');
      printItem((await operate(destinations.update, { params: { id }, body }, options)) as Item, options);
    }),
  );

  listVerb(noun, tools, {
    about: 'list where the audit is sent to, the oldest first',
    operation: destinations.list,
    columns: [
      'id',
      'kind',
      'name',
      'client_id',
      'position',
      'enabled',
      'behind_since',
      'holds_retention',
      'attempts',
      'last_failure',
      'next_attempt_at',
    ],
    empty: 'There are no destinations.',
  });
  const one = { id: 'id' };
  itemVerb(noun, tools, { ...one, name: 'show', about: 'show a destination', operation: destinations.show });
  itemVerb(noun, tools, {
    ...one,
    name: 'delete',
    about: 'delete a destination, with its dead letters',
    operation: destinations.remove,
  });
  itemVerb(noun, tools, { ...one, name: 'enable', about: 'go on where it stopped', operation: destinations.enable });
  itemVerb(noun, tools, { ...one, name: 'disable', about: 'send nothing more', operation: destinations.disable });

  noun
    .command('replay')
    .description('send entries again, with the same ids')
    .argument('<id>')
    .requiredOption('--from <index or time>', 'the first entry')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<SettingOptions & { from: string }>(async ({ operate }, options, id = '') => {
        const input = { params: { id }, body: { from: fromOf(options.from) } };
        printItem((await operate(destinations.replay, input, options)) as Item, options);
      }),
    );

  noun
    .command('rotate-secret')
    .description('replace the secret, and print the new one, which is shown only now')
    .argument('<id>')
    .option('--overlap <duration>', 'how long the old secret signs as well', '24h')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<SettingOptions & { overlap: string }>(async ({ operate }, options, id = '') => {
        const body = { overlap_seconds: secondsOf(options.overlap) };
        printSecret((await operate(destinations.rotateSecret, { params: { id }, body }, options)) as Item, options);
      }),
    );

  function printSecret(made: Item, options: PrintOptions): void {
    const { id, secret, ...rest } = made;
    printItem(made, options, { id, secret, ...rest });
    if (secret && !options.json) note(KEEP_SECRET);
  }
}

function settingOptions(command: Command): Command {
  return command
    .option('--url <url>', 'of webhook and cloudevents')
    .option('--host <host>', 'of syslog')
    .option('--port <port>', 'of syslog (default: 6514)')
    .option('--ca <file>', 'of syslog: a PEM file with its authorities')
    .option('--enterprise-number <number>', 'of syslog: your private enterprise number')
    .option('--file <name>', 'of file: its name in CARDEA_AUDIT_FILE_DIR')
    .option('--action <name>', 'only this action, such as users.update or users.*; repeat for more', several)
    .option('--outcome <outcome>', 'only this outcome: done, refused or denied; repeat for more', several)
    .option('--everybody', 'of a client: also events of people who have not used it')
    .option('--heads', 'send signed heads of the log as well')
    .option('--details', 'send addresses and devices as well, in clear')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION);
}

function settingsOf({ url, host, port, ca, enterpriseNumber, file }: SettingOptions) {
  const settings = {
    ...(url === undefined ? {} : { url }),
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(ca === undefined ? {} : { ca: contentOf(ca) }),
    ...(enterpriseNumber === undefined ? {} : { enterprise_number: Number(enterpriseNumber) }),
    ...(file === undefined ? {} : { file }),
  };
  return Object.keys(settings).length === 0 ? undefined : settings;
}

function bodyOf({ name, action, outcome, everybody, heads, details }: SettingOptions) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(action === undefined ? {} : { actions: action }),
    ...(outcome === undefined ? {} : { outcomes: outcome }),
    ...(everybody === undefined ? {} : { everybody }),
    ...(heads === undefined ? {} : { heads }),
    ...(details === undefined ? {} : { details }),
  };
}

/** The index of an event, or a time. */
const fromOf = (text: string): number | string => (/^\d{1,15}$/.test(text) ? Number(text) : timeIn('--from', text));

function contentOf(file: string): string {
  try {
    return content(file);
  } catch (error) {
    throw new UsageError(`--ca ${(error as Error).message}`);
  }
}

function secondsOf(duration: string): number {
  try {
    return seconds(0, 30 * 86_400)(duration);
  } catch (error) {
    throw new UsageError(`--overlap ${(error as Error).message}`);
  }
}
