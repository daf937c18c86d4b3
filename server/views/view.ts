import type { MessageKey, Translator } from './messages.ts';

/** The template and layout of a page. `Data` is the type of the template's data. */
export interface View<Data> {
  /** Its path below `templates/`, without `.eta`. */
  readonly template: string;
  /** `step` is one page of a flow, `page` is a single page, `account` adds the navigation of the account pages. */
  readonly layout: 'step' | 'page' | 'account';
  readonly title: MessageKey | ((data: Data, t: Translator['t']) => string);
  /** True when the page shows an error. Screen readers read the title first, so the title then says so. */
  readonly isError?: (data: Data) => boolean;
  /** A line at the foot, in place of the tagline. */
  readonly note?: MessageKey;
}

export function titleOf<Data>({ title, isError }: View<Data>, data: Data, t: Translator['t']): string {
  const page = typeof title === 'string' ? t(title) : title(data, t);
  return t('title.page', { page: isError?.(data) ? t('title.error', { page }) : page });
}
