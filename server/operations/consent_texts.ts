import { type Static, Type } from 'typebox';
import { TEXT_KINDS, type Text } from '../accounts/texts.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { change, read } from './operation.ts';
import { strict, Time } from './schema.ts';

const MEMBERS = {
  kind: Type.Enum([...TEXT_KINDS], { description: 'terms of service, or privacy policy' }),
  version: Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9._-]+$', description: 'such as 2026-11' }),
  language: Type.String({ pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$', description: 'language tag, such as en' }),
  title: Type.String({ minLength: 1, maxLength: 200 }),
  url: Type.String({ maxLength: 2_000, pattern: '^https?://', description: 'where the text is' }),
};
const ASK_AGAIN = Type.Boolean({ description: 'people who accepted an earlier version have to accept this one' });

const PublishedText = strict({ ...MEMBERS, ask_again: ASK_AGAIN, effective_from: Time }, { title: 'PublishedText' });
const EXAMPLE: Static<typeof PublishedText> = {
  kind: 'terms',
  version: '2026-11',
  language: 'en',
  title: 'Terms of Service',
  url: 'https://example.com/terms/2026-11',
  ask_again: true,
  effective_from: '2026-11-01T08:00:00.000Z',
};

/** The texts that people accept when they sign in. */
export const consentTexts = {
  list: read({
    name: 'privacy.texts',
    permission: 'privacy:read',
    summary: 'List the published texts, the newest first',
    schemas: { output: strict({ items: Type.Array(PublishedText) }, { title: 'PublishedTexts' }) },
    example: { output: { items: [EXAMPLE] } },
    run: async (services) => ({ items: (await (await services.accountStores()).texts.list()).map(shown) }),
  }),

  publish: change({
    name: 'privacy.publish_text',
    permission: 'privacy:write',
    target: 'text',
    summary: 'Publish a version of a text in one language',
    description:
      'From the time on at which it comes into force, people are asked at their next sign-in to accept it. A version that was published is not changed: publish another one.',
    schemas: {
      body: strict(
        { ...MEMBERS, ask_again: Type.Optional(ASK_AGAIN), effective_from: Type.Optional(Time) },
        { title: 'NewText' },
      ),
      output: PublishedText,
    },
    example: { input: { body: { ...EXAMPLE, ask_again: true } }, output: EXAMPLE },
    async plan(services, { body }) {
      if (!URL.canParse(body.url)) throw invalidInput('url', 'must be an http or https URL');
      const { texts } = await services.accountStores();
      const others = (await texts.list()).filter(({ kind, version }) => kind === body.kind && version === body.version);
      const { effective_from: from, ask_again: again, ...rest } = body;
      const text: Text = {
        ...rest,
        askAgain: again ?? others[0]?.askAgain ?? true,
        effectiveFrom: from === undefined ? (others[0]?.effectiveFrom ?? new Date(services.now())) : new Date(from),
      };
      if (others.some(({ language }) => language === text.language))
        throw new AppError('conflict', 'this version was published in this language already');
      const differs = others.find(
        (one) => one.askAgain !== text.askAgain || +one.effectiveFrom !== +text.effectiveFrom,
      );
      if (differs)
        throw new AppError(
          'conflict',
          'ask_again and effective_from must be those of the other languages of this version',
        );
      return {
        statements: [texts.publishing(text)],
        target: { kind: 'text', id: `${text.kind} ${text.version} ${text.language}` },
        changes: { url: { after: text.url }, effective_from: { after: text.effectiveFrom.toISOString() } },
        result: () => shown(text),
      };
    },
  }),
};

function shown({ askAgain, effectiveFrom, ...text }: Text): Static<typeof PublishedText> {
  return { ...text, ask_again: askAgain, effective_from: effectiveFrom.toISOString() };
}
