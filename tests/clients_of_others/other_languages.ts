import { APACHE_APPS } from './apache/apps.ts';
import type { App } from './app.ts';
import { EXPRESS_APPS } from './express/apps.ts';
import { GO_APPS } from './go/apps.ts';
import { JAVA_APPS } from './java/apps.ts';
import { NGINX_APPS } from './nginx/apps.ts';
import { PYTHON_APPS } from './python/apps.ts';
import { RUST_APPS } from './rust/apps.ts';

/** What `make clients` tries. */
export const OTHER_LANGUAGES: readonly App[] = [
  ...PYTHON_APPS,
  ...GO_APPS,
  ...JAVA_APPS,
  ...RUST_APPS,
  ...APACHE_APPS,
  ...EXPRESS_APPS,
  ...NGINX_APPS,
];
