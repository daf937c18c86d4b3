import { Type } from 'typebox';
import { ACCOUNT_STATEMENTS } from '../accounts/statements.ts';
import { notFound } from '../platform/errors.ts';
import { refusedBy } from '../platform/planned.ts';
import type { DataExport } from './data_export.ts';
import { change } from './operation.ts';
import { SEE_IN_FULL } from './permissions.ts';
import { Id, strict, Time } from './schema.ts';
import { changeableUser, OF_USER } from './user_plans.ts';
import { EXAMPLE_USER } from './user_schema.ts';

const Archive = strict(
  {
    id: Id,
    made_at: Time,
    zip: Type.String({ description: 'the ZIP, in base64' }),
  },
  { title: 'DataExport' },
);

/** A dry run has no entry in the audit, so it exports nothing: a ZIP without a file (APPNOTE 4.3.16). */
const EMPTY_ZIP = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
const nothingAt = (now: number): DataExport => ({ madeAt: new Date(now), zip: EMPTY_ZIP });

/** The export of all that is stored about one person (GDPR, Articles 15 and 20). */
export const userDataExport = {
  export: change({
    name: 'users.export_data',
    permission: 'privacy:write',
    also: [SEE_IN_FULL],
    target: 'user',
    summary: 'Export everything that is stored about a user',
    description:
      'A ZIP with all of it as JSON (`personal-data.json`) and as a page to read, in the language of the person; both are of the same moment. Passwords and other secrets are not in it; `ops/docs/personal-data.md` names what else is not, and why. The person sees a security event. Of one person, one export is made at a time.',
    schemas: { params: OF_USER, output: Archive },
    example: { output: { id: EXAMPLE_USER.id, made_at: '2026-11-01T08:00:00.000Z', zip: 'UEsDBBQ=' } },
    async plan(services, { params: { id } }, call) {
      const { stores, before } = await changeableUser(services, id, call, { self: true });
      // It is made before the transaction that tells of it: nothing leaves without the entry, and none is about nothing.
      const { madeAt, zip } = call.dryRun ? nothingAt(services.now()) : await services.dataExports.make(before.id);
      return {
        statements: [ACCOUNT_STATEMENTS.keepExisting.bind({ id }), stores.events.append(before, 'data_exported')],
        target: { kind: 'user', id: before.id },
        refuse: refusedBy({ require_rows: () => notFound('user', id) }),
        result: () => ({ id: before.id, made_at: madeAt.toISOString(), zip: zip.toString('base64') }),
      };
    },
  }),
};
