import { describeLimit, describeStandard, limitsInForce } from '../server/limit_settings.ts';
import { type LimitEntry, type LimitInForce, limitEntries } from '../server/limit_table.ts';
import type { Setting } from '../server/platform/settings.ts';
import { SETTING_GROUPS, SETTINGS } from '../server/settings.ts';

/** ops/docs/configuration.md: all settings, generated from the table that the server reads them by. */
export function configurationDocument(): string {
  const groups = Object.entries(SETTING_GROUPS).map(([heading, settings]) =>
    [`## ${heading}`, '', '| variable | default | |', '| --- | --- | --- |', ...Object.entries(settings).map(row)].join(
      '\n',
    ),
  );
  return `${[INTRODUCTION, ...groups, limitsSection()].join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

Written by \`make documents\` from \`server/settings.ts\`.

Cardea is configured by \`CARDEA_*\` environment variables. An unknown name is refused with the nearest known one. Variables
marked with * can be read from a file instead: \`CARDEA_MASTER_KEY_FILE\` names the file of \`CARDEA_MASTER_KEY\`. A duration is
a whole number followed by \`s\`, \`m\`, \`h\` or \`d\`, such as \`90s\` or \`30d\`; a number alone means seconds. It is at most ten
years (\`3650d\`), or less where the table says so. \`cardea config check\` prints the settings in force.`;

function limitsSection(): string {
  const rows = limitEntries().map(limitRow);
  return [
    LIMITS_INTRODUCTION,
    ['| limit | default | | counts |', '| --- | --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n');
}

const LIMITS_INTRODUCTION = `## Limits

Written from \`server/limit_table.ts\`. \`CARDEA_LIMITS=token.client=6000/m,writes.address=100MB/h\` changes some: a name and a scope, a
number or a size (\`KB\`, \`MB\`, \`GB\`), and a time (\`s\`, \`m\`, \`h\`, \`d\`, or \`10s\`); without a time it is that of the table. A limit
without a time is what is kept at once, or what counts for a lifetime. \`cardea config check\` prints the table in force.

The scopes: \`client\` is a client that has authenticated, by its id; \`account\` a person who is signed in; \`address\` an IPv4 address or an
IPv6 /64 network, for requests of neither; \`server\` is all requests together. Half of that is for all; of the rest each IPv4 /24,
IPv6 /48 or client may use an eighth of what is left, so that those who use most are refused first, and others go on.

Over a limit the response is 429, over that of the server 503, with \`Retry-After\`, \`RateLimit\` and \`RateLimit-Policy\`
(draft-ietf-httpapi-ratelimit-headers); OAuth endpoints say with every response what is left. The log names the limit once a minute.
With \`CARDEA_REDIS_URL\` all nodes count together: guesses and what sends mails exactly, other requests with a delay of up to 0.2
seconds. Without Redis, or while it is away, each node counts for itself.

The JWKS, discovery, static files and health checks have no limit: they are bytes in memory, and counting would cost more.`;

const BASES = {
  CARDEA_RATE_LIMIT: Number(SETTINGS.CARDEA_RATE_LIMIT.fallback),
  CARDEA_MAIL_LIMIT: Number(SETTINGS.CARDEA_MAIL_LIMIT.fallback),
  CARDEA_MAIL_LIMIT_ADDRESS: Number(SETTINGS.CARDEA_MAIL_LIMIT_ADDRESS.fallback),
  CARDEA_REGISTRATION_QUOTA: Number(SETTINGS.CARDEA_REGISTRATION_QUOTA.fallback),
};

function limitRow({ name, scope, standard, about }: LimitEntry): string {
  const inForce = (limitsInForce({}, BASES)[name] as Readonly<Record<string, LimitInForce>>)[scope];
  if (!inForce) throw new Error(`${name}.${scope} has no default`);
  const rule = marked(describeStandard(standard));
  return `| \`${name}.${scope}\` | \`${describeLimit(inForce)}\` | ${rule} | ${marked(about)} |`;
}

function row([name, { fallback, unset, secret, about }]: [string, Setting]): string {
  const standard = fallback === undefined ? marked(unset ?? 'none') : fallback === '' ? 'none' : `\`${fallback}\``;
  return `| \`${name}\`${secret ? ' *' : ''} | ${standard} | ${marked(about)} |`;
}

/** Formats names of settings, URLs and paths as code. */
function marked(text: string): string {
  return text.replaceAll(/CARDEA_[A-Z_]+(\/\w+)?|\b[a-z+]+:\/\/[^\s;)|]+(?<!,)|(?<=\s)\/[a-z/.]+\b/g, '`$&`');
}
