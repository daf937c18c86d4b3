/** The pages of the site, in the order of its navigation, by their names in ops/docs without `.md`. */
export interface Section {
  readonly title: string;
  readonly pages: readonly string[];
}

/** Every page has its place here; tests/platform/site.test.ts fails for one that has none. */
export const SECTIONS: readonly Section[] = [
  { title: 'Connect apps', pages: ['quickstart', 'clients', 'apps', 'protocols', 'resource-servers'] },
  { title: 'Deploy', pages: ['deployment', 'secrets', 'backup', 'doctor', 'upgrade-policy'] },
  {
    title: 'Operate',
    pages: [
      'operations',
      'configuration',
      'configuration-file',
      'commands',
      'admin-api',
      'lists',
      'jobs',
      'monitoring',
      'runbooks',
    ],
  },
  { title: 'People', pages: ['sign-in', 'import', 'migration'] },
  { title: 'Answer for it', pages: ['audit', 'audit-delivery', 'privacy', 'personal-data', 'data-at-rest'] },
  { title: 'Security', pages: ['security', 'security-asvs', 'security-rfc9700'] },
  { title: 'Look up', pages: ['troubleshooting', 'errors', 'schema'] },
  { title: 'Inside', pages: ['first-steps', 'architecture', 'testing', 'mutation', 'upgrading_oidc_provider'] },
];
