/** The pages of the site, in the order of its navigation, by their names in ops/docs without `.md`. */
export interface Section {
  readonly title: string;
  readonly pages: readonly string[];
}

/** Every page has its place here; tests/platform/site.test.ts fails for one that has none. */
export const SECTIONS: readonly Section[] = [
  { title: 'Connect apps', pages: ['quickstart', 'clients', 'protocols', 'resource-servers', 'migration'] },
  {
    title: 'Operate',
    pages: [
      'deployment',
      'configuration',
      'configuration-file',
      'admin-api',
      'lists',
      'jobs',
      'secrets',
      'doctor',
      'backup',
      'monitoring',
      'runbooks',
    ],
  },
  { title: 'Answer for it', pages: ['audit', 'audit-delivery', 'privacy', 'personal-data', 'data-at-rest'] },
  { title: 'Security', pages: ['security', 'security-asvs', 'security-rfc9700'] },
  { title: 'Look up', pages: ['troubleshooting', 'errors', 'schema'] },
  { title: 'Inside', pages: ['architecture', 'testing', 'upgrading_oidc_provider'] },
];
