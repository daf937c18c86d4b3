import { AppError, type ErrorCode } from './errors.ts';

/** An error whose response tells how to authenticate (RFC 9110 §11.6.1), or has other headers of its own. */
export class Challenged extends AppError {
  readonly headers: Readonly<Record<string, string | string[]>>;

  constructor(
    code: ErrorCode,
    message: string,
    headers: Readonly<Record<string, string | string[]>>,
    options: { readonly cause?: unknown; readonly status?: number } = {},
  ) {
    super(code, message, options);
    this.name = 'Challenged';
    this.headers = headers;
  }
}
