import { formsOf } from './secrets.ts';

/** Base64 of a text within a longer one, whose beginning may be at any of three places. */
function inBase64(value: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]).toString('base64');
    const inner = encoded.replace(/=+$/, '').slice(before === 0 ? 0 : before + 1, -1);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** The values that a text tells, in any encoding and any case. */
export function told(text: string, values: readonly string[]): string[] {
  const folded = text.toLowerCase();
  return values.filter((value) => {
    const bytes = Buffer.from(value, 'latin1').toString('hex');
    const forms = [value, bytes, ...formsOf(value)];
    return (
      forms.some((form) => folded.includes(form.toLowerCase())) || inBase64(value).some((one) => text.includes(one))
    );
  });
}
