import { ACCOUNT_PAGE_CASES } from './account_page_cases.ts';
import { DEMO_PAGE_CASES } from './demo_page_cases.ts';
import { LOGIN_PAGE_CASES } from './login_page_cases.ts';
import { MAILED_LINK_PAGE_CASES } from './mailed_link_page_cases.ts';
import type { PageCase } from './page_case.ts';
import { PROVIDER_PAGE_CASES } from './provider_page_cases.ts';
import { REFERENCE_PAGE_CASES } from './reference_page_cases.ts';

/** Every page in each of its states. */
export const PAGE_CASES: readonly PageCase[] = [
  ...LOGIN_PAGE_CASES,
  ...PROVIDER_PAGE_CASES,
  ...DEMO_PAGE_CASES,
  ...MAILED_LINK_PAGE_CASES,
  ...ACCOUNT_PAGE_CASES,
  ...REFERENCE_PAGE_CASES,
];
