/** Markup that is safe as it is. Only this folder makes it; everything else that a template prints is escaped. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }

  toString(): string {
    return this.markup;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Escapes for element content and for quoted attribute values, which are the only two places where templates print.
 * @throws {TypeError} for undefined and null: a template that prints them lacks a value
 */
export function escapeHtml(value: unknown): string {
  if (value instanceof Html) return value.markup;
  if (value === undefined || value === null) throw new TypeError('a template printed an absent value');
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
