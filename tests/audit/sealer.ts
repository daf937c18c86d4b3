import { createDb } from '../../server/platform/db.ts';
import { auditLog, event } from '../helpers/audit.ts';

/** A node that appends and seals until it is killed: `sealer.ts DATABASE_URL MASTER_KEY`. Writes a line for each turn. */
const [url = '', masterKey = ''] = process.argv.slice(2);
const db = createDb({ url });
const { audit, node } = await auditLog({ db, masterKey });
const sealing = node();
for (let i = 0; ; i += 7) {
  await db.transact(Array.from({ length: 7 }, (_, n) => event(audit, i + n)));
  await sealing.run();
  process.stdout.write('.');
}
