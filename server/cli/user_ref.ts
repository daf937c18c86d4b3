import { users } from '../operations/users.ts';
import type { Context } from './context.ts';

/** The argument of verbs about one user. */
export const USER = 'id, e-mail address or username';

/** @returns the input of an operation on the user that the argument names. @throws AppError 404 */
export async function ofUser({ operate }: Pick<Context, 'operate'>, user = ''): Promise<{ params: { id: string } }> {
  return { params: await operate(users.resolve, { body: { user } }) };
}
