import { Command, CommanderError } from 'commander';
import pkg from '../../package.json' with { type: 'json' };
import { Differs, Interrupted, UsageError } from './context.ts';
import { withOperandsLast } from './operands.ts';
import { reason } from './reason.ts';
import { type CommandTools, createTools, type HostProcess } from './tools.ts';

export const EXIT_DONE = 0;
export const EXIT_REFUSED = 1;
export const EXIT_USAGE = 2;
/** `config plan`: the file and the database differ; `audit verify`, `backup verify` and `doctor`: something was found. Scripts tell it from wrong usage. */
export const EXIT_DIFFERS = 3;

/**
 * Runs `cardea <args>`.
 * @returns the exit code: 0 done, 1 refused or failed with a one-line reason, 2 wrong usage, 3 a difference was found, 128 and more interrupted
 */
export async function main(args: readonly string[], host: HostProcess): Promise<number> {
  // `cardea users list | head -1`: a reader that closes the pipe early is not an error. Everything opened is still closed.
  for (const stream of [host.stdout, host.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  try {
    const program = await createProgram(args, host);
    await program.parseAsync(withOperandsLast(args, program), { from: 'user' });
    return EXIT_DONE;
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    return error instanceof Differs ? EXIT_DIFFERS : report(error, host);
  }
}

/** The nouns. Only the one on the command line is loaded, because loading all of them takes most of a second. */
const NOUNS: Readonly<
  Record<string, { about: string; load(): Promise<(noun: Command, tools: CommandTools) => void> }>
> = {
  keys: {
    about: 'the keys that sign tokens; they rotate by themselves',
    load: async () => (await import('./keys.ts')).keysCommand,
  },
  clients: {
    about: 'programs that sign people in with Cardea, or get tokens for themselves',
    load: async () => (await import('./clients.ts')).clientsCommand,
  },
  users: {
    about: 'people who can sign in',
    load: async () => (await import('./users.ts')).usersCommand,
  },
  groups: {
    about: 'groups of people; clients read them in tokens',
    load: async () => (await import('./named.ts')).groupsCommand,
  },
  roles: {
    about: 'roles of people, and what they may do in the admin API',
    load: async () => (await import('./named.ts')).rolesCommand,
  },
  tokens: {
    about: 'revoke tokens before they expire',
    load: async () => (await import('./tokens.ts')).tokensCommand,
  },
  passwords: {
    about: 'the blocklist of passwords, and how passwords are stored',
    load: async () => (await import('./passwords.ts')).passwordsCommand,
  },
  mail: {
    about: 'mails that wait to be sent, and a test of the mail server',
    load: async () => (await import('./mail.ts')).mailCommand,
  },
  resources: {
    about: 'APIs that get JWT access tokens when a client names them as resource (RFC 8707)',
    load: async () => (await import('./resources.ts')).resourcesCommand,
  },
  registration: {
    about: 'clients that register themselves',
    load: async () => (await import('./registration.ts')).registrationCommand,
  },
  sessions: {
    about: 'the browsers in which people are signed in',
    load: async () => (await import('./sessions.ts')).sessionsCommand,
  },
  grants: {
    about: 'what people have allowed to clients',
    load: async () => (await import('./sessions.ts')).grantsCommand,
  },
  lockouts: {
    about: 'locks after wrong passwords and codes',
    load: async () => (await import('./sessions.ts')).lockoutsCommand,
  },
  deliveries: {
    about: 'messages to clients that wait to be delivered',
    load: async () => (await import('./deliveries.ts')).deliveriesCommand,
  },
  audit: {
    about: 'what happened, to whom and by whom: people, clients, operators and the server',
    load: async () => (await import('./audit.ts')).auditCommand,
  },
  privacy: {
    about: 'what is stored about people, for how long, and why',
    load: async () => (await import('./privacy.ts')).privacyCommand,
  },
  operators: {
    about: 'people and machines that use the admin API',
    load: async () => (await import('./operators.ts')).operatorsCommand,
  },
  migrate: {
    about: 'the schema of the database',
    load: async () => (await import('./migrate.ts')).migrateCommand,
  },
  backup: {
    about: 'copies of the database, encrypted, and databases that are made of them again',
    load: async () => (await import('./backup.ts')).backupCommand,
  },
  issuer: {
    about: 'the issuer that the database belongs to',
    load: async () => (await import('./issuer.ts')).issuerCommand,
  },
  'master-key': {
    about: 'the key that encrypts secrets in the database',
    load: async () => (await import('./master_key.ts')).masterKeyCommand,
  },
  secrets: {
    about: 'the secrets of this deployment: where they are, and how they are replaced',
    load: async () => (await import('./secrets.ts')).secretsCommand,
  },
  doctor: {
    about: 'check this deployment from inside, and say what to do',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  conformance: {
    about: 'prepare a plan of the OpenID conformance suite, for development',
    load: async () => (await import('./conformance.ts')).conformanceCommand,
  },
  config: {
    about: 'check the settings; compare, apply and export a configuration file',
    load: async () => (await import('./config.ts')).configCommand,
  },
};

/** The nouns and verbs. Only the noun among the words is loaded. */
export async function createProgram(args: readonly string[], host: HostProcess): Promise<Command> {
  const program = new Command('cardea')
    .description('Manages a Cardea identity provider, through the database of its servers.')
    .version(pkg.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error:/, 'cardea:')),
    })
    .showHelpAfterError('(add --help for the usage)')
    .configureHelp({ showGlobalOptions: false })
    .addHelpText(
      'after',
      '\nSettings come from CARDEA_* variables; "cardea config check" lists them.' +
        '\nExit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 `config plan`, `audit verify`, `backup verify` or `doctor` has found something.',
    );
  const requestedNoun = args.find((word) => Object.hasOwn(NOUNS, word)); // also in `cardea help users`
  for (const [name, { about, load }] of Object.entries(NOUNS)) {
    const noun = program.command(name).description(about);
    if (name === requestedNoun) (await load())(noun, createTools(host));
  }
  return program;
}

function report(error: unknown, { stderr }: HostProcess): number {
  if (error instanceof CommanderError) {
    // Commander has printed its message already. Requested help is not an error; help in place of a missing verb is.
    return error.code === 'commander.helpDisplayed' || error.code === 'commander.version' ? EXIT_DONE : EXIT_USAGE;
  }
  stderr.write(`cardea: ${reason(error)}\n`);
  return error instanceof UsageError ? EXIT_USAGE : EXIT_REFUSED;
}
