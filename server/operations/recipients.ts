import { type Static, Type } from 'typebox';
import type { Destination } from '../audit/destinations.ts';
import { LIST_LIMIT_MAX } from '../platform/listing.ts';
import { type Permission, scopeOf } from './permissions.ts';
import { Nullable, strict } from './schema.ts';
import type { Services } from './services.ts';

/* To whom the server discloses personal data (GDPR, Article 30(1)(d)). */

export const Recipient = strict(
  { client_id: Type.String(), client_name: Type.String(), scopes: Type.Array(Type.String()) },
  { title: 'Recipient' },
);

/** The kinds of recipients that are no clients, with what each of them gets. */
const KINDS = {
  mail_server: 'e-mail addresses, and the texts of mails, which name the browser and the address of an event',
  audit_destination: 'ids of people, and what they and operators did, and when',
  resource_server: 'in access tokens: the sub, the scopes and the authentication of people who use a client for it',
  database: 'everything that is stored; what is personal is encrypted, ids and times are not',
  redis: 'network addresses and ids of accounts, as keys of counters, for the time of a limit',
} as const satisfies Readonly<Record<string, string>>;
type Kind = keyof typeof KINDS;

export const OtherRecipient = strict(
  {
    kind: Type.Unsafe<Kind>({ type: 'string', enum: Object.keys(KINDS) }),
    name: Type.String({ description: 'as operators have named it, or the setting that it comes from' }),
    protocol: Type.String({ description: 'how it is sent, such as smtp or webhook' }),
    host: Nullable(Type.String(), 'null: on the disk of the server'),
    data: Type.String({ description: 'what it gets of people' }),
  },
  { title: 'OtherRecipient' },
);
type Other = Static<typeof OtherRecipient>;

/** The permissions by which the admin API answers what is about people, also when it is masked. */
const ABOUT_PEOPLE: readonly Permission[] = [
  ...([
    'users:read',
    'users:write',
    'users:read:pii',
    'credentials:read',
    'credentials:write',
    'sessions:read',
  ] as const),
  ...(['grants:read', 'lockouts:read', 'audit:read', 'privacy:write'] as const),
];

/** The scopes by which a client gets claims of a person (OpenID Connect Core §5.4), the two of Cardea's own, and those of the admin API. */
const PERSONAL_SCOPES = [
  ...['openid', 'profile', 'email', 'phone', 'address', 'groups', 'roles'],
  ...ABOUT_PEOPLE.map(scopeOf),
];

/** The first page of the clients, and all others. */
export async function recipientsIn(services: Services) {
  const { items, next } = await services.clients.list({ limit: LIST_LIMIT_MAX, sort: 'client_name' });
  const recipients = items.flatMap(({ id, name, metadata }) => {
    const scopes = metadata.scope?.split(' ').filter((one) => PERSONAL_SCOPES.includes(one)) ?? [];
    // A client that signs no person in and has no such scope gets nothing of anybody.
    return metadata.redirect_uris?.length || scopes.length > 0 ? [{ client_id: id, client_name: name, scopes }] : [];
  });
  const servers = await services.resourceServers.list({ limit: LIST_LIMIT_MAX });
  const destinations = await services.destinations.list({ limit: LIST_LIMIT_MAX, filter: 'enabled eq true' });
  const others = [
    ...fromSettings(services.config),
    ...destinations.items.map(ofDestination),
    ...servers.items.map(({ identifier, name }) =>
      other('resource_server', { name, protocol: 'oauth', host: hostIn(identifier) ?? identifier }),
    ),
  ];
  return {
    recipients,
    other_recipients: others,
    more_recipients: [next, servers.next, destinations.next].some((cursor) => cursor !== undefined),
  };
}

/** Services of the installation itself: of their URLs the host alone, since the rest may be a password. */
function fromSettings({ smtp, databaseUrl, redisUrl }: Services['config']): Other[] {
  return [
    ...(smtp ? [other('mail_server', { name: 'CARDEA_SMTP_URL', protocol: 'smtp', host: smtp.host })] : []),
    ...(databaseUrl === undefined
      ? []
      : [other('database', { name: 'CARDEA_DATABASE_URL', protocol: 'postgres', host: hostIn(databaseUrl) })]),
    ...(redisUrl === undefined
      ? []
      : [other('redis', { name: 'CARDEA_REDIS_URL', protocol: 'redis', host: hostIn(redisUrl) })]),
  ];
}

function ofDestination({ name, kind, settings, clientId, details }: Destination): Other {
  const host = settings.host ?? (settings.url === undefined ? null : hostIn(settings.url));
  const about = clientId === undefined ? '' : `; of the client ${clientId} alone, for the people who use it`;
  const more = details ? '; the address and the device of each event, in clear' : '';
  return {
    ...other('audit_destination', { name, protocol: kind, host }),
    data: KINDS.audit_destination + about + more,
  };
}

const other = (kind: Kind, rest: Pick<Other, 'name' | 'protocol' | 'host'>): Other => ({
  kind,
  ...rest,
  data: KINDS[kind],
});

function hostIn(url: string): string | null {
  return URL.parse(url)?.hostname || null;
}
