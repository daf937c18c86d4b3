import { type Static, Type } from 'typebox';
import { languageTag } from '../../accounts/texts.ts';
import {
  assertUrl,
  consentTexts,
  shownText,
  TEXT_KEY,
  TextContent,
  textKeyOf,
  textOfKey,
  timeIn,
} from '../../operations/consent_texts.ts';
import type { Kind, WrongValue } from '../kind.ts';
import type { Current, Members } from '../plan.ts';

const NO_KEY = 'must be kind/version/language, such as terms/2026-11/en';

type Entry = Static<typeof TextContent>;

/** Texts that people accept when they sign in. A published version is a permanent document. */
export const TEXTS: Kind = {
  name: 'texts',
  section: Type.Record(Type.String({ pattern: TEXT_KEY }), TextContent, {
    additionalProperties: false,
    description: 'Texts that people accept when they sign in, by kind/version/language, such as terms/2026-11/en',
  }),
  permanent: 'a published text is never changed: undo this, and add an entry with another version',
  judge(entries, found) {
    const worded = found.map((one): WrongValue => {
      const [key = ''] = one.path;
      const isKey = one.path.length === 1 && !new RegExp(TEXT_KEY).test(key);
      return isKey ? { ...one, detail: NO_KEY } : one;
    });
    const miswritten = [...entries.keys()].flatMap(miswrittenLanguage);
    const wrong = new Set([...found, ...miswritten].map(({ path }) => path[0]));
    const sound = [...entries].flatMap(([key, entry]): [string, Entry][] =>
      wrong.has(key) || wrong.has(undefined) ? [] : [[key, entry as Entry]],
    );
    const versions = Map.groupBy(sound, ([key]) => key.slice(0, key.lastIndexOf('/')));
    return [...worded, ...miswritten, ...[...versions.values()].flatMap(disagreements)];
  },
  desired: (_, entry) => membersOf(entry as Entry),
  entryOf(_, { ask_again: again, ...members }) {
    return { ...members, ...(again === true ? {} : { ask_again: again }) };
  },
  async read({ texts }) {
    const found = new Map<string, Current>();
    for (const text of await texts.list()) {
      const { title, url, ask_again, effective_from, withdrawn_at } = shownText(text);
      found.set(textKeyOf(text), {
        members: { title, url, ask_again, effective_from },
        // A permanent thing never belongs to a file.
        managedBy: 'file',
        ended: withdrawn_at !== undefined,
      });
    }
    return found;
  },
  create: (key, members) => [{ operation: consentTexts.publish, body: { ...textOfKey(key), ...members } }],
};

/** Of the ways to write a tag the canonical one alone, so that a file has a language once (RFC 5646 §2.1.1). */
function miswrittenLanguage(key: string): WrongValue[] {
  if (!new RegExp(TEXT_KEY).test(key)) return [];
  const { language } = textOfKey(key);
  const tag = languageTag(language);
  if (tag === language) return [];
  return [{ path: [key], detail: tag === undefined ? NO_KEY : `the language must be written ${tag}` }];
}

/** When a text comes into force is decided when it is made, unless the entry says it. */
function membersOf({ title, url, ask_again = true, effective_from: from }: Entry): Members {
  assertUrl(url);
  return { title, url, ask_again, ...(from === undefined ? {} : { effective_from: timeIn(from).toISOString() }) };
}

/** The members that all languages of a version have in common. */
const OF_VERSION: Readonly<Record<string, (entry: Entry) => unknown>> = {
  ask_again: ({ ask_again = true }) => ask_again,
  effective_from: ({ effective_from: from }) => from && Date.parse(from),
};

/** @param entries of one version, by key */
function disagreements([first, ...others]: readonly [string, Entry][]): WrongValue[] {
  return others.flatMap(([key, entry]) =>
    Object.entries(OF_VERSION)
      .filter(([, valueIn]) => first && valueIn(entry) !== valueIn(first[1]))
      .map(([name]) => ({
        path: [key, name],
        detail: `must be the same as in ${first?.[0]}, which is the same version in another language`,
      })),
  );
}
