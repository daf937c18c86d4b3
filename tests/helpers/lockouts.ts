import { createAttempts, FAILURES } from '../../server/accounts/attempts.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { ACCOUNT_INDEX_SECRET, loadServerSecret } from '../../server/platform/server_secrets.ts';
import type { FaceSeed } from './faces.ts';

/** Guesses wrong passwords until the person is locked out. @returns the id of the lock */
export async function lockOut(
  { db, masterKey, seed }: Pick<FaceSeed, 'db' | 'masterKey' | 'seed'>,
  identifier: string,
): Promise<string> {
  const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
  const indexKey = await loadServerSecret(db, sealer, ACCOUNT_INDEX_SECRET, Date.now);
  const attempts = createAttempts({ db, accounts: seed.accounts, indexKey, now: Date.now });
  const idsOfLocks = async () => (await attempts.listLocks()).items.map(({ id }) => id);
  const before = await idsOfLocks();
  for (let i = 0; i < FAILURES; i += 1) {
    await attempts.countFailure(await attempts.reservePasswordGuess({ identifier, deviceCookie: undefined }));
  }
  return (await idsOfLocks()).find((id) => !before.includes(id)) ?? '';
}
