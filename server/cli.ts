#!/usr/bin/env node
// The version of Node is checked before anything is imported: older ones would fail with a syntax error.
const NODE_MAJOR = 24;

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
  process.stderr.write(
    `cardea: needs Node ${NODE_MAJOR} or later, this is ${process.version}; ` +
      '"npm ci" installs one beside Cardea, which "npx cardea" then uses\n',
  );
  process.exitCode = 1;
} else {
  const { main } = await import('./cli/main.ts');
  const exitCode = await main(process.argv.slice(2), process);
  process.exitCode = exitCode;
  // Ends the process: an interrupted verb may still run, and must not continue. Everything has been closed already.
  if (exitCode > 128) process.exit();
}
