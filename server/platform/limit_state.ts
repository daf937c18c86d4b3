/** A limit as one caller meets it: what is left of it, and until when. */
export interface LimitState {
  /** As in CARDEA_LIMITS, such as `token.client`. */
  readonly name: string;
  readonly unit: LimitUnit;
  readonly max: number;
  readonly seconds: number;
  readonly remaining: number;
  /** Seconds until the window ends, at least 1. */
  readonly resetSeconds: number;
}

export type LimitUnit = 'requests' | 'bytes';
