import type { DeviceCookie } from '../login/device_cookie.ts';
import type { Observed } from '../monitoring/status_page.ts';
import type { DataExports } from '../operations/data_export.ts';
import type { Sessions } from '../ports/sessions.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';

export interface FormParts {
  readonly infrastructure: Infrastructure;
  readonly accountServices: AccountServices;
  readonly clientServices: ClientServices;
  readonly protocol: Protocol;
  readonly dataExports: DataExports;
  /** Undefined while the node starts. */
  observed(): Observed | undefined;
}

/** The services that pages of several folders use. */
export interface SharedByForms {
  readonly deviceCookie: DeviceCookie;
  readonly sessions: Sessions;
  /** Limits on the form posts. */
  readonly limit: { readonly rateLimit: object };
  /** Limits on reading the pages. */
  readonly readLimit: { readonly rateLimit: object };
}
