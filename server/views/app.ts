/** An app as pages show it. The app chooses these values itself, so pages only show them and do not rely on them. */
export interface ClientView {
  readonly name: string;
  /** `client_uri`. Linked only when it is http(s). */
  readonly uri?: string;
  /** A program on the person's device that the operator does not know gets the answer: the URI scheme that it handles. */
  readonly device?: { readonly scheme?: string };
  /** `logo_uri`. Shown only when it is a path of this server or a `data:image/` URL: the CSP refuses other images. */
  readonly logoUri?: string;
  /** Its privacy policy and terms of service (OpenID Connect Registration §2). */
  readonly policyUri?: string;
  readonly tosUri?: string;
  /** Hosts of such pages that the app has not proved to be its own: shown as text, as an impostor would name them. */
  readonly elsewhere?: { readonly policy?: string; readonly tos?: string; readonly logo?: string };
}

/** An app as the sign-in and the account pages need it. */
export interface App extends ClientView {
  readonly id: string;
  /** The operator's own: people are not asked for consent. */
  readonly firstParty: boolean;
  /** Cardea's own pages, which no list of apps shows. */
  readonly builtin: boolean;
  /** Every sign-in to it needs two factors. */
  readonly secondFactorRequired: boolean;
}
