import { type HTMLElement, parse } from 'node-html-parser';

interface Html {
  readonly body: string;
}

const documents = new WeakMap<Html, HTMLElement>();

/** The elements of a page; a page is parsed once. */
export function documentOf(page: Html): HTMLElement {
  let document = documents.get(page);
  if (document === undefined) {
    document = parse(page.body);
    documents.set(page, document);
  }
  return document;
}

/** True when the page has an element for the CSS selector. */
export function has(page: Html, selector: string): boolean {
  return documentOf(page).querySelector(selector) !== null;
}

/** An attribute of the first element for the CSS selector, decoded; undefined when there is none. */
export function attributeOf(page: Html, selector: string, name: string): string | undefined {
  return documentOf(page).querySelector(selector)?.getAttribute(name);
}

/** The text of the first element for the CSS selector, without markup. */
export function textOf(page: Html, selector: string): string | undefined {
  return documentOf(page).querySelector(selector)?.text.trim();
}

/** The texts of all elements for the CSS selector. */
export function textsOf(page: Html, selector: string): string[] {
  return documentOf(page)
    .querySelectorAll(selector)
    .map(({ text }) => text.trim());
}

/** The values of all form fields with the name. */
export function fieldValues(page: Html, name: string): string[] {
  return documentOf(page)
    .querySelectorAll(`[name="${name}"]`)
    .map((field) => field.getAttribute('value') ?? '');
}

/** The value of the first form field with the name; empty when there is none. */
export function fieldValue(page: Html, name: string): string {
  return fieldValues(page, name)[0] ?? '';
}

/** A form as a browser submits it: its action, its hidden fields, and the value of its button. */
export interface Form {
  readonly action: string;
  readonly fields: Record<string, string>;
  readonly button: string;
}

/**
 * The form with a button or, without one, the first form that has an action.
 * @param button the button's id
 */
export function findForm(page: Html, button?: string): Form | undefined {
  const forms = documentOf(page).querySelectorAll('form[action]');
  const pressed = (form: HTMLElement) => (button === undefined ? null : form.querySelector(`[id="${button}"]`));
  const form = button === undefined ? forms[0] : forms.find(pressed);
  if (form === undefined) return undefined;
  const hidden = form.querySelectorAll('input[type="hidden"]');
  return {
    action: form.getAttribute('action') ?? '',
    fields: Object.fromEntries(
      hidden.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']),
    ),
    button: pressed(form)?.getAttribute('value') ?? '',
  };
}
