import type { Environment } from '../platform/settings.ts';
import { createVerbs, type Signals, type Verbs } from './context.ts';
import { createInput, type Input, type InputStream } from './input.ts';
import { createOutput, type Output, type OutputStream } from './output.ts';

/** The parts of the process that a command uses. `process` itself is one. */
export interface HostProcess extends Signals {
  readonly env: Environment;
  /** Read only when it is needed: the first access opens it. */
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** The services that commands are created with. */
export interface CommandTools extends Input, Output, Verbs {
  readonly env: Environment;
}

export function createTools(host: HostProcess): CommandTools {
  return { env: host.env, ...createInput(host), ...createOutput(host), ...createVerbs(host) };
}
