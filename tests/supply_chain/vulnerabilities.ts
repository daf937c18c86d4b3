/** `undefined` passed; a text of `reported` passed as well, and of `notRun` says why this machine cannot run the check. */
export type Outcome =
  | { readonly failed: string }
  | { readonly reported: string }
  | { readonly notRun: string }
  | undefined;

/**
 * The arguments of `npm audit`. What is installed with a server fails from moderate on. Packages for development meet no stranger's
 * input and are reported from low on; high and critical ones fail, since they run where releases are made.
 */
export const AUDITS = {
  installed: ['audit', '--omit=dev', '--audit-level=moderate'],
  all: ['audit', '--audit-level=high'],
} as const;

/** What `npm audit` has found, by its exit status and its output. */
export function judgeAudit(status: number | null, text: string): Outcome {
  if (status === 0) return /^found 0 vulnerabilities$/m.test(text) ? undefined : { reported: text };
  return /endpoint returned an error|ENOTFOUND|EAI_AGAIN|ECONNREFUSED/.test(text)
    ? { notRun: 'the registry gives no list of vulnerabilities to this machine' }
    : { failed: text };
}
