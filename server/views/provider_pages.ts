import type { ClientView } from './app.ts';
import type { ErrorData } from './error_page.ts';
import type { NameUnder } from './messages.ts';
import type { AccountView } from './parts.ts';
import type { View } from './view.ts';

// Pages of the provider's own routes; server/oidc renders them.

/** Why a device's code was refused. `code_refused`: it is unknown, expired or used, which look alike. */
export type DeviceCodeErrorKey = NameUnder<'device-code.error'>;

/** The provider's own form: posts `xsrf` and `user_code` (RFC 8628 §3.3). */
export interface DeviceCodeData {
  action: string;
  xsrf: string;
  /** The code as typed before, or as in the URL. */
  typed?: string | undefined;
  error?: DeviceCodeErrorKey | undefined;
}

export const deviceCodeView: View<DeviceCodeData> = {
  template: 'device-code',
  layout: 'step',
  title: 'device-code.title',
  isError: ({ error }) => error !== undefined,
  note: 'login.address',
};

/** The provider's own form: posts `xsrf` and `user_code`, with `confirm` or `abort`. */
export interface DeviceConfirmData {
  action: string;
  xsrf: string;
  client: ClientView;
  /** The code in the form that the device shows. */
  userCode: string;
  /** The device that requested the code. */
  device: DeviceView;
  /** The person who is signed in already. */
  account?: AccountView;
}

export const deviceConfirmView: View<DeviceConfirmData> = {
  template: 'device-confirm',
  layout: 'step',
  title: 'device-confirm.title',
  note: 'login.address',
};

export interface DeviceView {
  address: string;
  /** The address as seen from the browser. */
  place: 'here' | 'private' | 'elsewhere';
  /** The device's User-Agent header: only shown, because devices can send any text. */
  userAgent: string;
}

export interface DeviceDoneData {
  outcome: 'approved' | 'denied';
  client?: ClientView;
}

export const deviceDoneView: View<DeviceDoneData> = {
  template: 'device-done',
  layout: 'step',
  title: ({ outcome }, t) => t(`device-done.${outcome}.title`),
};

/** The provider's own form: posts `xsrf`, and `logout=yes` when the person wants to sign out of everything. */
export interface LogoutData {
  action: string;
  xsrf: string;
  client?: ClientView;
  account?: AccountView;
}

export const logoutView: View<LogoutData> = { template: 'logout', layout: 'step', title: 'logout.title' };

export interface LoggedOutData {
  client?: ClientView;
  /** A link to where the browser was not redirected. */
  elsewhere?: ErrorData['elsewhere'];
}

export const loggedOutView: View<LoggedOutData> = {
  template: 'logged-out',
  layout: 'step',
  title: 'logged-out.title',
};

/** A form that a script sends at once. */
export interface OnwardData {
  /**
   * `app`: the response to an app by POST; `switch`: signs out the current person, so that another can sign in; `request`:
   * the request of an app by POST, which another site has sent without the cookies of this one.
   */
  purpose: 'app' | 'switch' | 'request';
  action: string;
  fields: readonly (readonly [name: string, value: string])[];
  client?: ClientView;
}

export const onwardView: View<OnwardData> = {
  template: 'onward',
  layout: 'step',
  title: ({ purpose }, t) => t(`onward.${purpose}.title`),
};
