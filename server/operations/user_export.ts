import { type Static, Type } from 'typebox';
import type { Account } from '../accounts/account.ts';
import { subjectOf } from '../accounts/subjects.ts';
import { totpSecretsOf } from '../accounts/totp_secrets.ts';
import { AppError } from '../platform/errors.ts';
import { LIST_LIMIT_MAX } from '../platform/listing.ts';
import { stream } from './operation.ts';
import { LIST_QUERY, membersIn } from './pages.ts';
import { strict } from './schema.ts';
import { CREDENTIALS, EXAMPLE_LINE, lineOf, UserLine } from './user_lines.ts';

const Exported = Type.Partial(UserLine, { additionalProperties: false });

export const userExport = {
  export: stream({
    name: 'users.export',
    permission: 'users:read',
    target: 'export',
    changes: false,
    summary: 'Export users',
    description:
      'One user a line, in JSON, as an import takes them: all who exist when it begins, the oldest first. When it cannot be completed ' +
      'the connection breaks. Password hashes and secrets of authenticator apps leave by the command line of the machine alone ' +
      '(`cardea users export --credentials`): no stolen token gives them all away.',
    schemas: {
      query: strict({
        filter: LIST_QUERY.filter,
        fields: Type.Optional(
          Type.String({ maxLength: 1_024, description: 'members of the lines, separated by commas' }),
        ),
        include: Type.Optional(Type.Enum(['credentials'], { description: 'by the command line alone' })),
      }),
      output: Exported,
    },
    example: { input: { query: { filter: 'groups eq "staff"' } }, output: EXAMPLE_LINE },
    async *run(services, { query: { filter, fields, include } }, call, commit) {
      const secret = include === 'credentials';
      if (secret && call.actor.kind !== 'cli')
        throw new AppError(
          'beyond_own_permissions',
          'include: credentials leave by the command line of the machine alone',
        );
      const members = fields === undefined ? undefined : membersOfLine(fields, secret);
      const { accounts } = await services.accountStores();
      const began = services.now();
      const read = (cursor?: string) =>
        accounts.listing.read({ filter, sort: 'created_at', limit: LIST_LIMIT_MAX, cursor });
      let page = await read();
      await commit({
        statements: [],
        target: { kind: 'export', id: call.requestId },
        // A filter may have an e-mail address.
        changes: {
          ...(filter === undefined ? {} : { filter: {} }),
          ...(members ? { fields: { after: members } } : {}),
          credentials: { after: secret },
        },
      });
      for (;;) {
        const people = page.items.filter(({ createdAt }) => createdAt.getTime() <= began);
        const secrets = secret ? await totpSecretsOf(services.db, accounts, people) : new Map<string, Buffer>();
        yield people.map((one) => picked(exported(one, secret, secrets.get(one.id)), members));
        if (page.next === undefined || people.length < page.items.length) return undefined;
        page = await read(page.next);
      }
    },
  }),
};

function exported(account: Account, secret: boolean, totpSecret: Buffer | undefined): UserLine {
  const { passwordHash, passwordSetAt, deletion, restriction, ...person } = account;
  return lineOf({
    ...person,
    sub: subjectOf(account),
    deletionDueAt: deletion?.dueAt,
    restrictionReason: restriction?.reason,
    ...(secret ? { passwordHash, passwordSetAt } : {}),
    ...(totpSecret ? { totpSecret } : {}),
  });
}

/** @throws AppError 400 for a member that no line has */
function membersOfLine(fields: string, secret: boolean): string[] {
  const hidden: readonly string[] = secret ? [] : CREDENTIALS;
  const known = Object.keys(UserLine.properties).filter((name) => !hidden.includes(name));
  return membersIn(fields, known);
}

function picked(line: UserLine, members: readonly string[] | undefined): Static<typeof Exported> {
  if (!members) return line;
  return Object.fromEntries(Object.entries(line).filter(([name]) => members.includes(name)));
}
