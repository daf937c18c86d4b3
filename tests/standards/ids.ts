/**
 * The levels of all requirements of OWASP ASVS 5.0.0, chapters V6 to V10, by section and in order: the second of `V6.1` is of level
 * 2 (`5.0/docs_en/OWASP_Application_Security_Verification_Standard_5.0.0_en.csv` of OWASP/ASVS). So no row can be lost.
 */
const ASVS_SECTIONS: Readonly<Record<string, string>> = {
  'V6.1': '122',
  'V6.2': '111111112222',
  'V6.3': '11223333',
  'V6.4': '112233',
  'V6.5': '22222333',
  'V6.6': '2223',
  'V6.7': '33',
  'V6.8': '2222',
  'V7.1': '222',
  'V7.2': '1111',
  'V7.3': '22',
  'V7.4': '11222',
  'V7.5': '223',
  'V7.6': '22',
  'V8.1': '1233',
  'V8.2': '1123',
  'V8.3': '133',
  'V8.4': '23',
  'V9.1': '111',
  'V9.2': '1222',
  'V10.1': '22',
  'V10.2': '223',
  'V10.3': '22223',
  'V10.4': '1111122222233333',
  'V10.5': '22222',
  'V10.6': '22',
  'V10.7': '222',
};

/**
 * How many rules each section of RFC 9700 has: sentences with MUST, SHOULD, RECOMMENDED or REQUIRED, and the measures that it lists as
 * recommendations. What it calls MAY is not counted.
 */
const RFC9700_SECTIONS: Readonly<Record<string, number>> = {
  '2.1': 7,
  '2.1.1': 11,
  '2.1.2': 2,
  '2.2.1': 1,
  '2.2.2': 1,
  '2.3': 4,
  '2.4': 1,
  '2.5': 2,
  '2.6': 8,
  '4.1.3': 4,
  '4.2.4': 7,
  '4.3.1': 2,
  '4.3.2': 1,
  '4.4.2': 2,
  '4.4.2.1': 3,
  '4.4.2.2': 4,
  '4.5.2': 1,
  '4.5.3.2': 2,
  '4.7.1': 5,
  '4.8.2': 4,
  '4.9.3': 3,
  '4.10': 1,
  '4.10.1': 1,
  '4.11.1': 1,
  '4.11.2': 4,
  '4.12': 2,
  '4.13': 2,
  '4.14.2': 5,
  '4.15.1': 2,
  '4.16': 5,
  '4.17.2': 6,
};

/** The level of each requirement by its id, such as `V6.1.2`, in order. */
export const ASVS_LEVELS: ReadonlyMap<string, string> = new Map(
  Object.entries(ASVS_SECTIONS).flatMap(([section, levels]) =>
    [...levels].map((level, at) => [`${section}.${at + 1}`, level] as const),
  ),
);

/** The ids of all rules, such as `2.1.1-3`, in order. */
export const RFC9700_IDS: readonly string[] = Object.entries(RFC9700_SECTIONS).flatMap(([section, count]) =>
  Array.from({ length: count }, (_, at) => `${section}-${at + 1}`),
);
