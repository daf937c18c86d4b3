import type { NameUnder } from './messages.ts';
import type { AccountView } from './parts.ts';
import type { AccountPageName } from './paths.ts';

/** The change that was made just before: shown once, on the next page. */
export type AccountDone = NameUnder<'account.done'>;

/** Why a form was refused. */
export type AccountProblem = NameUnder<'account.problem'>;

/** The data for the layout around each account page. */
export interface Framed {
  readonly frame: AccountFrame;
  readonly problem?: FormProblem;
}

export interface AccountFrame {
  /** The entry of the navigation that is marked as current. */
  readonly section: AccountPageName;
  readonly account: AccountView;
  readonly csrf: string;
  /** Time zone of the times on the page; UTC without one. */
  readonly zone?: string;
  readonly done?: AccountDone;
}

export interface FormProblem {
  readonly key: AccountProblem;
  /** The name of the input that is wrong, when there is one. */
  readonly field?: string;
}

/** Links to the other pages of a list. */
export interface PagesView {
  /** Undefined on the first page itself. */
  readonly first?: string;
  readonly next?: string;
}

/** How many apps are counted; of more it is only said that there are more. */
export const APPS_COUNTED = 100;

/** A browser, as far as it names itself. */
export interface BrowserView {
  readonly browser?: string;
  readonly system?: string;
}

export interface PlaceView {
  readonly kind: 'here' | 'private' | 'elsewhere';
  /** An address, or a network of them. */
  readonly network: string;
}

export interface AccountEventView extends BrowserView {
  readonly kind: NameUnder<'account.event'>;
  readonly at: Date;
  readonly place?: PlaceView;
  /** An app or a passkey that the event is about, by its name. */
  readonly subject?: string;
}
