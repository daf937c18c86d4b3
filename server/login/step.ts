import type { FastifyRequest } from 'fastify';
import type { Account } from '../accounts/account.ts';
import type { Clock } from '../platform/clock.ts';
import type { Fields } from '../platform/forms.ts';
import type { Limits } from '../platform/limits.ts';
import type { FormData, Locale, Views } from '../views/views.ts';
import type { Progress, Visit } from './interactions.ts';

/** What steps are given to work with. */
export interface LoginParts {
  readonly views: Views;
  readonly now: Clock;
  readonly limits: Limits;
  readonly passwords: { verify(hash: string | null, password: string): Promise<boolean> };
  findAccount(id: string): Promise<Account | undefined>;
  findAccountByIdentifier(text: string): Promise<Account | undefined>;
  resourceServerName(identifier: string): Promise<string>;
}

export interface StepContext {
  readonly parts: LoginParts;
  readonly visit: Visit;
  readonly request: FastifyRequest;
  readonly form: FormData;
  readonly locale: Locale;
}

/** What a step makes of a form: progress, an end, or its page again with what was wrong. */
export type Answer =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'again'; readonly status: number; readonly html: string };

/** One file a step. A step shows its page and reads its form; what comes next is not its business. */
export interface Step {
  show(context: StepContext): Promise<string>;
  submit(context: StepContext, fields: Fields): Promise<Answer>;
}
