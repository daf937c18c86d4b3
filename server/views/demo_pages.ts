import type { NameUnder } from './messages.ts';

export interface HomeData {
  issuer: string;
  version: string;
  docsUrl: string;
  /** Development mode only: the seeded person. */
  demo?: { email: string; password: string };
}

export type JsonValue = string | number | boolean | null | undefined | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** What the demo app did; each has a title in the catalogue. */
export type DemoStepName = NameUnder<'demo.step'>;

export interface DemoStep {
  step: DemoStepName;
  /** Technical and untranslated, such as `GET /authorize?…`; line breaks are kept. */
  detail: string;
}

export interface DemoData {
  /** Where the refresh form posts `csrf` and `action=refresh`. */
  action: string;
  csrf: string;
  issuer: string;
  clientName: string;
  steps: readonly DemoStep[];
  /** Starts the flow anew. */
  restartUrl: string;
  logoutUrl: string;
  /** The flow ended with this; no tokens are shown then. */
  error?: { error: string; description?: string };
  idToken?: { raw: string; header: JsonObject; claims: JsonObject };
  /** `header` and `claims` when it is a JWT; `expiresAt` in seconds since the epoch. */
  accessToken?: { raw: string; header?: JsonObject; claims?: JsonObject; scope?: string; expiresAt?: number };
  userinfo?: JsonObject;
  /** Whether a refresh token is at hand; it is never shown. */
  canRefresh: boolean;
  /** The tokens on this page come from a refresh. */
  refreshed?: boolean;
}
