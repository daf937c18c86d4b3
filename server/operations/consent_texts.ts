import { type Static, Type } from 'typebox';
import { inForce, languageTag, type PublishedText as Published, TEXT_KINDS, type Text } from '../accounts/texts.ts';
import { AppError, invalidInput, notFound } from '../platform/errors.ts';
import { refusedBy } from '../platform/planned.ts';
import { change, type Plan, read } from './operation.ts';
import { Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const PATTERNS = { version: '[A-Za-z0-9._-]{1,100}', language: '[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*' };

/** A text by its kind, version and language, as one word. */
export const TEXT_KEY = `^(${TEXT_KINDS.join('|')})/${PATTERNS.version}/${PATTERNS.language}$`;

/** @param key as `TEXT_KEY` */
export function textOfKey(key: string): Record<'kind' | 'version' | 'language', string> {
  const [kind = '', version = '', language = ''] = key.split('/');
  return { kind, version, language };
}

export function textKeyOf({ kind, version, language }: Pick<Text, 'kind' | 'version' | 'language'>): string {
  return `${kind}/${version}/${language}`;
}

const OF_VERSION = {
  kind: Type.Enum([...TEXT_KINDS], { description: 'terms of service, or privacy policy' }),
  version: Type.String({ pattern: `^${PATTERNS.version}$`, description: 'such as 2026-11' }),
};
const MEMBERS = {
  ...OF_VERSION,
  language: Type.String({ pattern: `^${PATTERNS.language}$`, description: 'language tag, such as en' }),
  title: Type.String({ minLength: 1, maxLength: 200 }),
  url: Type.String({ maxLength: 2_000, pattern: '^https?://', description: 'where the text is' }),
};
const ASK_AGAIN = Type.Boolean({ description: 'people who accepted an earlier version have to accept this one' });

const PublishedText = strict(
  {
    ...MEMBERS,
    ask_again: ASK_AGAIN,
    effective_from: Time,
    withdrawn_at: Type.Optional({ ...Time, description: 'it is not asked for any more since then' }),
  },
  { title: 'PublishedText' },
);

const NewText = strict(
  { ...MEMBERS, ask_again: Type.Optional(ASK_AGAIN), effective_from: Type.Optional(Time) },
  { title: 'NewText' },
);

/** The members of a text besides its kind, version and language. */
export const TextContent = strict({
  title: MEMBERS.title,
  url: MEMBERS.url,
  ask_again: Type.Optional({ ...ASK_AGAIN, default: true }),
  effective_from: Type.Optional({ ...Time, description: 'RFC 3339; default: now' }),
});

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
    run: async ({ texts }) => ({ items: (await texts.list()).map(shownText) }),
  }),

  publish: change({
    name: 'privacy.publish_text',
    permission: 'privacy:write',
    target: 'text',
    summary: 'Publish a version of a text in one language',
    description:
      'From the time on at which it comes into force, people are asked at their next sign-in to accept it. A version that was published is not changed: publish another one.',
    schemas: {
      body: NewText,
      output: PublishedText,
    },
    example: {
      input: { body: { ...EXAMPLE, ask_again: true } },
      output: EXAMPLE,
    },
    plan: (services, { body }) => planPublication(services, body, { repeats: true }),
  }),

  withdraw: change({
    name: 'privacy.withdraw_text',
    permission: 'privacy:write',
    target: 'text',
    summary: 'Withdraw a version of a text in all its languages',
    description:
      'For one that was published by mistake, or applies no more. It is not asked for any more, and the version before it is in force again: people who accepted that are not asked again. Whoever accepted the withdrawn version keeps the record of it. This is not undone: publish another version. Nodes that have read the texts before follow within a minute.',
    schemas: {
      params: strict(OF_VERSION),
      output: strict(
        {
          ...OF_VERSION,
          withdrawn_at: Time,
          in_force: Nullable(Type.String(), 'the version of this kind that applies now'),
        },
        { title: 'WithdrawnText' },
      ),
    },
    example: {
      input: { params: { kind: 'terms', version: '2026-11' } },
      output: { kind: 'terms', version: '2026-11', withdrawn_at: '2026-11-02T08:00:00.000Z', in_force: '2025-03' },
    },
    async plan({ texts, now }, { params: { kind, version } }) {
      const all = await texts.list();
      const found = all.find((one) => one.kind === kind && one.version === version);
      if (!found) throw notFound('text', `${kind} ${version}`);
      const alreadyWithdrawn = () => new AppError('conflict', 'this version was withdrawn already');
      if (found.withdrawnAt) throw alreadyWithdrawn();
      const at = new Date(now());
      const applying = all.filter(({ withdrawnAt }) => withdrawnAt === undefined);
      const before = inForce(applying, kind, at.getTime())[0]?.version ?? null;
      const left = applying.filter((one) => one.version !== version);
      const after = inForce(left, kind, at.getTime())[0]?.version ?? null;
      const withdrawnAt = at.toISOString();
      return {
        statements: texts.withdrawingVersion({ kind, version }, at),
        refuse: refusedBy({ require_rows: alreadyWithdrawn }),
        target: { kind: 'text', id: `${kind} ${version}` },
        changes: { withdrawn_at: { after: withdrawnAt }, in_force: { before, after } },
        result: () => ({ kind, version, withdrawn_at: withdrawnAt, in_force: after }),
      };
    },
  }),
};

/** @param options `repeats`: planned once more when somebody else has published or withdrawn the version meanwhile */
async function planPublication(
  services: Pick<Services, 'texts' | 'now'>,
  body: Static<typeof NewText>,
  { repeats }: { readonly repeats: boolean },
): Promise<Plan<Static<typeof PublishedText>>> {
  const { texts, now } = services;
  assertUrl(body.url);
  const others = (await texts.list()).filter(({ kind, version }) => kind === body.kind && version === body.version);
  const { effective_from: from, ask_again: again, ...rest } = body;
  const text: Text = {
    ...rest,
    language: languageIn(body.language),
    askAgain: again ?? others[0]?.askAgain ?? true,
    effectiveFrom: from === undefined ? (others[0]?.effectiveFrom ?? new Date(now())) : timeIn(from),
  };
  const problem = conflictWith(text, others);
  if (problem !== undefined) throw new AppError('conflict', problem);
  return {
    statements: texts.publishing(text),
    target: { kind: 'text', id: `${text.kind} ${text.version} ${text.language}` },
    changes: { url: { after: text.url }, effective_from: { after: text.effectiveFrom.toISOString() } },
    result: () => shownText({ ...text, withdrawnAt: undefined }),
    ...(repeats ? { again: () => planPublication(services, body, { repeats: false }) } : {}),
  };
}

/** @param others of the same version */
function conflictWith(text: Text, others: readonly Published[]): string | undefined {
  if (others.some(({ language }) => language === text.language))
    return 'this version was published in this language already: publish another version';
  if (others.some(({ withdrawnAt }) => withdrawnAt)) return 'this version was withdrawn: publish another one';
  return others.some((one) => one.askAgain !== text.askAgain || +one.effectiveFrom !== +text.effectiveFrom)
    ? 'ask_again and effective_from must be those of the other languages of this version'
    : undefined;
}

/** @throws AppError 400 `invalid_input` for what the schema accepts and is no language tag */
function languageIn(language: string): string {
  const tag = languageTag(language);
  if (tag === undefined) throw invalidInput('language', 'must be a language tag, such as en or de-CH');
  return tag;
}

/** @throws AppError 400 `invalid_input` for what the schema accepts and no browser opens */
export function assertUrl(url: string): void {
  if (!URL.canParse(url)) throw invalidInput('url', 'must be an http or https URL');
}

/** @throws AppError 400 `invalid_input` for a leap second, which the schema accepts and no clock here has */
export function timeIn(effectiveFrom: string): Date {
  const time = new Date(effectiveFrom);
  if (Number.isNaN(time.getTime())) throw invalidInput('effective_from', 'must not be a leap second');
  return time;
}

/** A text with the names of the API. */
export function shownText({ askAgain, effectiveFrom, withdrawnAt, ...text }: Published): Static<typeof PublishedText> {
  return {
    ...text,
    ask_again: askAgain,
    effective_from: effectiveFrom.toISOString(),
    ...(withdrawnAt ? { withdrawn_at: withdrawnAt.toISOString() } : {}),
  };
}
