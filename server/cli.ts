#!/usr/bin/env node
// Nothing is imported before the version is known to be right: older ones would fail on syntax, in words that help nobody.
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
  // A verb that was interrupted may still be at work: it must not go on. Everything that had to be closed is.
  if (exitCode > 128) process.exit();
}
