/**
 * The folders whose code tests have to run. Not `migrations`: all of them run before the first test, and they have no branches.
 */
export const MEASURED = ['keys', 'server'] as const;
