import { mayKeep, type Standing } from '../accounts/standing.ts';
import { isTimeZone } from '../views/dates.ts';
import { accountOf, step } from './step.ts';

export interface UnusableData {
  readonly standing: Exclude<Standing, 'active' | 'disabled'>;
  /** When it is erased. */
  readonly dueAt?: Date;
  /** The person may undo the deletion. */
  readonly mayKeep: boolean;
  readonly zone?: string;
}

/**
 * The one page for a person whose account is to be erased or is restricted. It comes after all their factors, so that it tells
 * nothing to anybody else. `action` is `keep`, which undoes a deletion, or `cancel`.
 */
export const unusableStep = step<UnusableData>({
  view: {
    template: 'unusable',
    layout: 'step',
    title: ({ standing }, t) => t(standing === 'leaving' ? 'unusable.leaving.title' : 'unusable.restricted.title'),
  },

  async show(context) {
    const account = await accountOf(context);
    const { deletion, zoneinfo } = account;
    return {
      standing: account.standing === 'leaving' ? 'leaving' : 'restricted',
      ...(deletion ? { dueAt: deletion.dueAt } : {}),
      mayKeep: mayKeep(account),
      ...(zoneinfo !== undefined && isTimeZone(zoneinfo) ? { zone: zoneinfo } : {}),
    };
  },

  async submit(context, fields) {
    const account = await accountOf(context);
    if (fields.action !== 'keep' || !mayKeep(account)) return { kind: 'cancel' };
    const { parts, visit, origin } = context;
    parts.keepAccount(await parts.deletion.keep(account.id, origin, origin.requestId));
    return { kind: 'progress', progress: visit.progress };
  },
});
