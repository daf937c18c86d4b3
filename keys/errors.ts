/** An expected error of this folder; callers translate it into theirs. */
export class KeyError extends Error {
  /** `key_not_found`, `key_already_retired` or `ring_not_configured`. */
  readonly code: string;
  /** The HTTP status that fits. */
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = 'KeyError';
    this.code = code;
    this.status = status;
  }
}
