import { KeyError } from '../../keys/errors.ts';
import { AppError, isUnavailable } from '../platform/errors.ts';
import { UsageError } from './context.ts';

/** The message of any error, on one line. */
export function reason(error: unknown): string {
  const message = error instanceof Error && error.message !== '' ? error.message : String(error);
  const line = message.split(/\s*\n\s*/).join('; ');
  if (isUnavailable(error)) return withCause(line, error);
  return isOnPurpose(error) ? line : `failed: ${line}`;
}

/** Expected errors, whose messages are for the operator; keys/ has its own class, because it imports nothing of server/. */
function isOnPurpose(error: unknown): boolean {
  return error instanceof AppError || error instanceof UsageError || error instanceof KeyError;
}

/** Adds the cause, which the operator needs in order to repair an unavailable database. */
function withCause(line: string, error: AppError): string {
  const { code, message } = (error.cause ?? {}) as { code?: unknown; message?: unknown };
  const cause = [code, message].filter((one) => typeof one === 'string' && one !== '').join(': ');
  return cause === '' ? line : `${line} (${cause.replaceAll(/\s+/g, ' ')})`;
}
