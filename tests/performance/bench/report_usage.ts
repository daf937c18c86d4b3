/** Loaded into the servers under test before their own code: says how much processor time and memory the process has used so far. */
process.on('message', () => process.send?.(process.resourceUsage()));
// Only a listener; the channel must not keep the process alive.
process.channel?.unref();
