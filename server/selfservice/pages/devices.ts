import type { Device } from '../../accounts/devices.ts';
import { place } from '../../accounts/session_details.ts';
import { textField } from '../../platform/forms.ts';
import type { BrowserView, PlaceView } from '../../views/views.ts';
import { changesSomething, eventsOf } from '../notices.ts';
import { forgetOtherDevices } from '../other_devices.ts';
import { accountPage, done, type PageContext } from '../page.ts';

interface DeviceView extends BrowserView {
  readonly id: string;
  readonly isCurrent: boolean;
  readonly place?: PlaceView;
  readonly since: Date;
  readonly lastUsedAt?: Date;
  /** Until then the second factor is not asked for there. */
  readonly trustedUntil?: Date;
}

/**
 * Browsers that the person has signed in on. It needs no fresh sign-in, so that a person who finds an unknown browser
 * can remove it at once. `action` is `forget` (input `device`) or `forget_others`.
 */
export default accountPage<{ devices: readonly DeviceView[] }>({
  name: 'devices',
  guard: 'signed_in',

  async show(context) {
    const { parts, account, deviceCookie } = context;
    const devices = await parts.devices.list(account, deviceCookie);
    const views = devices.map((device) => viewOf(context, device));
    return { devices: views.sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent)) };
  },

  async submit(context, fields) {
    const { parts, account } = context;
    if (fields.action === 'forget_others') {
      await forgetOtherDevices(context);
      return done('devices_forgotten', 'devices');
    }
    const id = textField(fields, 'device');
    const target = { kind: 'device', id };
    const events = eventsOf(context, 'device_forgotten', { target });
    await changesSomething(context, [parts.devices.forget(account.id, id), ...events]);
    return done('device_forgotten', 'devices');
  },
});

function viewOf({ origin }: PageContext, device: Device): DeviceView {
  const { browser, system, network, lastUsedAt, trustedUntil, ...view } = device;
  return {
    ...view,
    ...(browser === undefined ? {} : { browser }),
    ...(system === undefined ? {} : { system }),
    ...(network === undefined ? {} : { place: { kind: place(network, origin.address), network } }),
    ...(lastUsedAt ? { lastUsedAt } : {}),
    ...(trustedUntil ? { trustedUntil } : {}),
  };
}
