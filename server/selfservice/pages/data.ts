import { ACCOUNT_STATEMENTS } from '../../accounts/statements.ts';
import { AppError, notFound } from '../../platform/errors.ts';
import { carryOut, refusedBy } from '../../platform/planned.ts';
import { again } from '../../views/form_pages.ts';
import { eventsOf } from '../notices.ts';
import { accountPage } from '../page.ts';

/** The download of everything that is stored about the person (GDPR, Articles 15 and 20). */
export default accountPage({
  name: 'data',
  guard: 'fresh_sign_in',

  show: () => ({}),

  async submit(context) {
    const { parts, account } = context;
    try {
      await parts.exportLimit.consume(account.id);
    } catch (error) {
      if (error instanceof AppError && error.code === 'rate_limited') return again({ key: 'export_limit' });
      throw error;
    }
    const { zip, madeAt } = await parts.dataExports.make(account.id);
    // The account may have been erased since: then nothing leaves, as for an operator (operations/user_data_export.ts).
    await carryOut(parts, {
      statements: [ACCOUNT_STATEMENTS.keepExisting.bind({ id: account.id }), ...eventsOf(context, 'data_exported')],
      refuse: refusedBy({ require_rows: () => notFound('user', account.id) }),
    });
    return {
      kind: 'file',
      name: `personal-data-${madeAt.toISOString().slice(0, 10)}.zip`,
      type: 'application/zip',
      body: zip,
    };
  },
});
