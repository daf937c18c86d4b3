import { isDeepStrictEqual } from 'node:util';
import { type Static, Type } from 'typebox';
import { checkMetadata } from '../../clients/metadata.ts';
import { ClientDocument, DECIDED_DEFAULTS, documentOf, metadataIn } from '../../operations/client_document.ts';
import { clients } from '../../operations/clients.ts';
import { strict } from '../../operations/schema.ts';
import { hashToken } from '../../platform/sealing.ts';
import { all, Key, type Kind, type Run } from '../kind.ts';
import type { Members } from '../plan.ts';
import { REFERENCE } from '../references.ts';

const ClientEntry = strict({
  ...ClientDocument.properties,
  client_secret: Type.Optional(
    Type.String({
      pattern: REFERENCE,
      description: 'where its secret is: env:NAME or file:/path; the secret itself is never in the file',
    }),
  ),
});

type Entry = Static<typeof ClientEntry>;

/** Clients that operators made; those that registered themselves are not declared. */
export const CLIENTS: Kind = {
  name: 'clients',
  section: Type.Record(Key, ClientEntry, { description: 'Clients, by client_id' }),
  hidden: ['client_secret'],
  desired(_, entry, context) {
    const { client_secret: reference, ...document } = entry as Entry;
    return {
      ...membersOf(document),
      ...(reference === undefined ? {} : { client_secret: fingerprint(hashToken(context.secret(reference))) }),
    };
  },
  entryOf: (_, members) => withoutDefaults(members),
  async read({ clients: store }) {
    const found = new Map();
    for await (const client of all((request) => store.list({ ...request, filter: 'kind eq "operator"' }))) {
      if (client.demo) continue;
      const members = {
        ...membersOf(documentOf(client)),
        ...(client.secretHash ? { client_secret: fingerprint(client.secretHash) } : {}),
      };
      found.set(client.id, { members, managedBy: client.managedBy });
    }
    return found;
  },
  create: (id, { client_secret: _, ...body }, entry, context) => [
    { operation: clients.create, body: { client_id: id, ...body } },
    ...secretOf(id, entry as Entry, context),
  ],
  update: (id, { client_secret: _, ...body }, entry, context) => [
    { operation: clients.replace, params: { client_id: id }, body },
    ...secretOf(id, entry as Entry, context),
  ],
  remove: (id) => [{ operation: clients.remove, params: { client_id: id } }],
};

type Context = Parameters<Kind['desired']>[2];

function secretOf(id: string, { client_secret: reference }: Entry, context: Context): Run[] {
  if (reference === undefined) return [];
  const body = { client_secret: context.secret(reference) };
  return [{ operation: clients.declareSecret, params: { client_id: id }, body }];
}

const fingerprint = (hash: Buffer) => `sha256:${hash.toString('hex')}`;

type Document = Partial<Static<typeof ClientDocument>>;

/** All members of a client, with the defaults of those that the document leaves out. */
function membersOf(document: Document): Members {
  const { client_name: name } = document;
  return { ...DECIDED_DEFAULTS, ...document, ...checkMetadata(metadataIn(document)), client_name: name };
}

/** Members on which the defaults of others depend. */
const ESSENTIAL = ['client_name', 'redirect_uris', 'token_endpoint_auth_method', 'application_type', 'profile'];

/** The document without what it need not say. */
function withoutDefaults({ client_secret: _, ...members }: Members): Members {
  const essential = Object.fromEntries(Object.entries(members).filter(([name]) => ESSENTIAL.includes(name)));
  const defaults = defaultsOf(essential);
  const plain = defaultsOf({});
  const short = Object.fromEntries(
    Object.entries(members).filter(
      ([name, value]) => !isDeepStrictEqual(value, ESSENTIAL.includes(name) ? plain[name] : defaults[name]),
    ),
  );
  return isDeepStrictEqual(membersOf(short), members) ? short : members;
}

/** The defaults beside these members; none where they cannot be alone, as an authentication method that needs keys. */
function defaultsOf(essential: Members): Members {
  try {
    return membersOf(essential as Document);
  } catch {
    return {};
  }
}
