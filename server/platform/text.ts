/** Whether Postgres can hold a text, or a text inside JSON: no NUL (22P05, 22021), no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
