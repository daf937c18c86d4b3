/** True when Postgres can store a text, also inside JSON: no NUL (22P05, 22021), no lone surrogate. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
