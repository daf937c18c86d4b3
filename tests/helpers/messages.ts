import { createTranslator } from '../../server/views/messages.ts';

/** A text of the English catalogue with its values, as a page or mail shows it. */
export const { t: message } = createTranslator('en');
