import type { Api, App, ClientApp } from '../app.ts';
import { type ClientRow, CREATE } from '../table.ts';

/** The `pom.xml` files name the second; the copies that are built name either. */
const SPRING_BOOT = ['3.5.7', '4.0.7'] as const;
const WRITTEN = '4.0.7';

const built = (version: string, name: 'client' | 'api') => ({
  version: `Spring Boot ${version}`,
  folder: `java/${name}`,
  needs: ['java', 'mvn'],
  install: [
    { command: 'sed', args: ['-i', `s/<version>${WRITTEN}</<version>${version}</`, 'pom.xml'] },
    { command: 'mvn', args: ['--quiet', '--batch-mode', '--no-transfer-progress', 'package'] },
  ],
  start: ({ folder }: { readonly folder: string }) => ({
    command: 'java',
    args: ['-XX:TieredStopAtLevel=1', '-jar', `${folder}/target/${name}.jar`],
  }),
});

/** One row for both versions. */
const ROW: ClientRow = {
  name: 'Spring Boot, Spring Security',
  link: 'https://docs.spring.io/spring-security/reference/servlet/oauth2/login/core.html',
  language: 'Java',
  version: SPRING_BOOT.join(' and '),
  commands: [CREATE('/login/oauth2/code/cardea', '')],
  notes: 'signs in, refreshes, signs out',
  file: 'tests/clients_of_others/java/client/src/main/resources/application.yml',
  secondFile: 'tests/clients_of_others/java/client/src/main/java/app/Client.java',
};

const client = (version: string): ClientApp => ({
  ...built(version, 'client'),
  kind: 'client',
  name: `spring-boot-${version.slice(0, 3)}`,
  row: ROW,
  signIn: '/',
  refreshed: '/refreshed',
  signOutForm: '/',
});

const api = (version: string, more: Pick<Api, 'name' | 'options' | 'refusesAll'>): Api => ({
  ...built(version, 'api'),
  kind: 'api',
  ...more,
});

export const JAVA_APPS: readonly App[] = [
  ...SPRING_BOOT.map(client),
  ...SPRING_BOOT.flatMap((version) => {
    const name = `spring-api-${version.slice(0, 3)}`;
    return [
      api(version, { name, options: ['--token-typ', 'JWT'] }),
      api(version, { name: `${name}-at+jwt`, options: [], refusesAll: true }),
    ];
  }),
];
