import type { Device } from '../accounts/devices.ts';
import { place } from '../accounts/session_details.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { accountPath } from '../views/paths.ts';
import { changesSomething, eventOf } from './notices.ts';
import { type AccountPage, frameOf, type PageAnswer, type PageContext } from './page.ts';

/**
 * Browsers that the person has signed in on, and for how long the second factor is not asked for there. No fresh sign-in
 * is asked for: a person who finds an unknown browser can remove it at once.
 */
export const devicesPage: AccountPage = {
  path: accountPath('devices'),
  sensitive: false,

  async show(context) {
    const { parts, account, deviceCookie, locale } = context;
    const devices = await parts.devices.list(account, deviceCookie);
    const views = devices.map((device) => viewOf(context, device));
    // The one that the person is looking at first.
    views.sort((a, b) => Number(b.isCurrent) - Number(a.isCurrent));
    return parts.views.render('account/devices', { frame: frameOf(context, 'devices'), devices: views }, locale);
  },

  async submit(context, fields) {
    return fields.action === 'forget_others' ? forgetOthers(context) : forget(context, fields);
  },
};

function viewOf({ visitor }: PageContext, device: Device) {
  const { browser, system, network, lastUsedAt, trustedUntil, ...view } = device;
  return {
    ...view,
    ...(browser === undefined ? {} : { browser }),
    ...(system === undefined ? {} : { system }),
    ...(network === undefined ? {} : { place: { kind: place(network, visitor.address), network } }),
    ...(lastUsedAt ? { lastUsedAt } : {}),
    ...(trustedUntil ? { trustedUntil } : {}),
  };
}

async function forget(context: PageContext, fields: Fields): Promise<PageAnswer> {
  const { parts, account } = context;
  const id = textField(fields, 'device');
  await changesSomething(context, [parts.devices.forget(account.id, id), eventOf(context, 'device_forgotten')]);
  return { kind: 'done', done: 'device_forgotten', to: devicesPage.path };
}

async function forgetOthers(context: PageContext): Promise<PageAnswer> {
  await forgetOtherDevices(context);
  return { kind: 'done', done: 'devices_forgotten', to: devicesPage.path };
}

/** Every browser but this one is a stranger again, and the person is told of it if there was any. */
export async function forgetOtherDevices(context: PageContext): Promise<void> {
  const { parts, account, deviceCookie } = context;
  const statement = parts.devices.forgetOthers(account.id, deviceCookie, { required: true });
  await changesSomething(context, [statement, eventOf(context, 'device_forgotten')]);
}
