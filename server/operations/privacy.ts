import { type Static, Type } from 'typebox';
import { DATA_KINDS, PURPOSES, type Purpose, REASONS, REMOVERS } from '../platform/personal.ts';
import { read } from './operation.ts';
import { personalTables, personalValues } from './personal_data.ts';
import { OtherRecipient, Recipient, recipientsIn } from './recipients.ts';
import { Nullable, strict, Time } from './schema.ts';
import { securityMeasures } from './security_measures.ts';
import type { Services } from './services.ts';
import { storedRows } from './stored_rows.ts';

const words = <const W extends Readonly<Record<string, unknown>>>(table: W) =>
  Type.Enum(Object.keys(table) as string[]);

const Rule = strict(
  {
    table: Type.String(),
    purpose: words(PURPOSES),
    until: Type.String({ description: 'how long a row is stored' }),
    settings: Type.Array(strict({ name: Type.String(), value: Type.String() }), {
      description: 'the settings that say how long, as they are in force',
    }),
    removed_by: Type.Array(words(REMOVERS)),
    rows: Type.Integer({ minimum: 0 }),
    exact: Type.Boolean({ description: 'false: more rows than are counted one by one; `rows` is an estimate' }),
    oldest: Nullable(Time, 'since when the oldest row exists; null when that is not known'),
    overdue_seconds: Type.Integer({
      minimum: 0,
      description: 'how long ago the first of the rows expired that are still there',
    }),
  },
  { title: 'RetentionRule' },
);

const Activity = strict(
  {
    purpose: words(PURPOSES),
    about: Type.String(),
    legal_basis: Type.String({ description: 'a proposal: the operator decides' }),
    people: Type.String({ description: 'the categories of people' }),
    data: Type.Array(words(DATA_KINDS), { description: 'the categories of their data' }),
    tables: Type.Array(Type.String(), { description: 'where it is stored; the rule of each is in `retention`' }),
  },
  { title: 'ProcessingActivity' },
);

const Value = strict(
  {
    table: Type.String(),
    column: Type.String(),
    member: Type.Optional(Type.String({ description: 'of a sealed object' })),
    kind: words(DATA_KINDS),
    exported: Type.Optional(Type.String({ description: 'its place in the export of a person' })),
    withheld: Type.Optional(Type.Enum(Object.keys(REASONS), { description: 'why it is not in the export' })),
  },
  { title: 'PersonalValue' },
);

const Report = strict(
  {
    made_at: Time,
    issuer: Type.String(),
    controller: strict({ name: Type.String(), contact: Type.String() }, { description: 'who runs the service' }),
    activities: Type.Array(Activity),
    retention: Type.Array(Rule),
    recipients: Type.Array(Recipient, { description: 'the clients that get data of people who sign in to them' }),
    other_recipients: Type.Array(OtherRecipient, {
      description: 'services that get personal data: of mails, of the audit, for APIs, and where data are stored',
    }),
    more_recipients: Type.Boolean({
      description:
        'there are more than are shown here: list the clients, the resource servers and the destinations of the audit',
    }),
    security_measures: Type.Array(Type.String()),
    values: Type.Array(Value),
  },
  { title: 'PrivacyReport' },
);

/** What is stored about people: the record of processing activities (GDPR, Article 30), and the rules of retention. */
export const privacy = {
  report: read({
    name: 'privacy.report',
    permission: 'privacy:read',
    summary: 'Show what is stored about people, why, and for how long',
    description:
      'The record of processing activities (GDPR, Article 30) and the rules of retention as they are in force, with what is stored now. Both are made from the schema of the database.',
    schemas: { output: Report },
    example: {
      output: {
        made_at: '2026-11-01T08:00:00.000Z',
        issuer: 'https://id.example.com',
        controller: { name: 'id.example.com', contact: 'no-reply@id.example.com' },
        activities: activities().slice(0, 1),
        retention: [
          {
            table: 'security_events',
            purpose: 'security',
            until: 'until its time is over',
            settings: [{ name: 'CARDEA_EVENTS_KEPT', value: '90d' }],
            removed_by: ['expiry', 'erasure'],
            rows: 12,
            exact: true,
            oldest: '2026-10-01T08:00:00.000Z',
            overdue_seconds: 0,
          },
        ],
        recipients: [{ client_id: 'shop', client_name: 'Shop', scopes: ['openid', 'email'] }],
        other_recipients: [
          {
            kind: 'mail_server',
            name: 'CARDEA_SMTP_URL',
            protocol: 'smtp',
            host: 'smtp.example.com',
            data: 'e-mail addresses, and the texts of mails',
          },
        ],
        more_recipients: false,
        security_measures: ['personal data is sealed under a key of the person'],
        values: [
          { table: 'devices', column: 'sealed_own', member: 'network', kind: 'address', exported: 'devices[].network' },
        ],
      },
    },
    async run(services) {
      const { config, now } = services;
      return {
        made_at: new Date(now()).toISOString(),
        issuer: config.issuer.identifier,
        controller: { name: config.name, contact: config.mailFrom.address },
        activities: activities(),
        retention: await retentionIn(services),
        ...(await recipientsIn(services)),
        security_measures: securityMeasures(config),
        values: personalValues(),
      };
    },
  }),
};

function activities(): Static<typeof Activity>[] {
  const values = personalValues();
  return (Object.keys(PURPOSES) as Purpose[]).map((purpose) => {
    const tables = personalTables()
      .filter(([, table]) => table.purpose === purpose)
      .map(([table]) => table);
    const kinds = new Set(values.filter(({ table }) => tables.includes(table)).map(({ kind }) => kind));
    return {
      purpose,
      about: PURPOSES[purpose].about,
      legal_basis: PURPOSES[purpose].basis,
      people: tables.includes('clients') ? 'people with an account; contacts of apps' : 'people with an account',
      data: [...kinds].sort(),
      tables,
    };
  });
}

async function retentionIn(services: Services): Promise<Static<typeof Rule>[]> {
  const inForce = new Map(services.settings().map(({ name, value }) => [name, value]));
  const rules = new Map(personalTables());
  return (await storedRows(services)).flatMap(({ table, rows, exact, oldest, overdueSeconds }) => {
    const rule = rules.get(table);
    if (!rule) return [];
    const { until, settings = [], removedBy } = rule.kept;
    return {
      table,
      purpose: rule.purpose,
      until,
      settings: settings.map((name) => ({ name, value: inForce.get(name) ?? '' })),
      removed_by: [...removedBy],
      rows,
      exact,
      oldest: oldest?.toISOString() ?? null,
      overdue_seconds: overdueSeconds,
    };
  });
}
