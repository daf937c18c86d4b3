/**
 * Prints how much of the code the tests have run, and writes coverage.json and lcov.info to the artifacts. The exit code is 1
 * below a threshold, and when no process has written anything.
 * node --disable-warning=ExperimentalWarning tests/coverage/main.ts <folder that tests/coverage/collect.ts wrote to>
 * The code is that below the working directory.
 */
import { artifacts } from '../helpers/artifacts.ts';
import { printed, readCoverage, reportOf, writeCoverage } from './report.ts';

const [written = ''] = process.argv.slice(2);
const root = process.cwd();
const map = await readCoverage(written, root);
const report = reportOf(map, root);
writeCoverage(artifacts(), map, report, root);
console.log(`\n${printed(report)}\n`);
for (const line of report.problems) console.error(line);
process.exitCode = report.problems.length === 0 ? 0 : 1;
