import type { Command } from 'commander';

/** Options for the texts of a profile, and the members that they set. */
const TEXTS = [
  ['username', '--username <name>', 'username, for signing in'],
  ['name', '--name <name>', 'full name'],
  ['given_name', '--given-name <name>', 'given name'],
  ['family_name', '--family-name <name>', 'family name'],
  ['middle_name', '--middle-name <name>', 'middle name'],
  ['nickname', '--nickname <name>', 'casual name'],
  ['profile', '--profile <url>', 'URL of a page about the person'],
  ['picture', '--picture <url>', 'URL of a picture'],
  ['website', '--website <url>', 'URL of their own page'],
  ['gender', '--gender <text>', 'gender'],
  ['birthdate', '--birthdate <date>', 'YYYY-MM-DD, or YYYY'],
  ['zoneinfo', '--zoneinfo <zone>', 'time zone, such as Europe/Paris'],
  ['locale', '--locale <tag>', 'language of pages and mails, such as de'],
  ['phone_number', '--phone-number <number>', 'phone number, such as +44 20 7946 0000'],
] as const;

type Texts = Partial<Record<(typeof TEXTS)[number][0], string>>;

export function profileOptions(command: Command): Command {
  for (const [, flags, description] of TEXTS) command.option(flags, description);
  return command;
}

/** @param options as commander has read them */
export function profileOf(options: object): Texts {
  const given = options as Readonly<Record<string, string | undefined>>;
  const read = TEXTS.map(([name]) => [name, given[camelCase(name)]] as const);
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

/** For a patch (RFC 7396): the empty text removes a member. */
export function removing(texts: Texts): Partial<Record<keyof Texts, string | null>> {
  return Object.fromEntries(Object.entries(texts).map(([name, value]) => [name, value === '' ? null : value]));
}

const camelCase = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
