import { changesSomething, eventsOf } from './notices.ts';
import type { PageContext } from './page.ts';

/** Forgets every browser but this one; with a security event if there was any. */
export async function forgetOtherDevices(context: PageContext): Promise<void> {
  const { parts, account, deviceCookie } = context;
  const statement = parts.devices.forgetOthers(account.id, deviceCookie, { required: true });
  await changesSomething(context, [
    statement,
    ...eventsOf(context, 'device_forgotten', { changes: { all_others: { after: true } } }),
  ]);
}
