import { invalidInput } from '../platform/errors.ts';
import { suggestion } from '../platform/nearest_name.ts';
import { ACTIONS } from './actions.ts';
import { APP_EVENTS, isAmong } from './delivered.ts';

/**
 * @param names exact, or with `*` at the end
 * @param of `app`: they are types of the events of apps; `audit`: they are actions
 * @throws AppError 400 `invalid_input` for a name that nothing has, or a pattern that nothing matches, with the nearest one
 */
export function assertActions(of: 'app' | 'audit', names: readonly string[]): void {
  const known = Object.keys(of === 'app' ? APP_EVENTS : ACTIONS);
  const name = names.find((one) => !known.some((action) => isAmong([one], action)));
  if (name === undefined) return;
  const isPattern = name.endsWith('*');
  const nouns = new Set(known.map((action) => `${action.slice(0, action.indexOf('.'))}.*`));
  const what = of === 'app' ? 'type of the events of apps' : 'action of the audit';
  throw invalidInput(
    'actions',
    `${name} ${isPattern ? `matches no ${what}` : `is no ${what}`}${suggestion(isPattern ? [...nouns] : known, name)}`,
  );
}
