/** True in `make chaos`, which runs each test file that imports this, with more rounds of the same. */
export const LONG = process.env.TEST_CHAOS_LONG === 'true';
