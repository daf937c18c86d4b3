import { Buffer } from 'node:buffer';
import type { ReadStream } from 'node:tty';
import { AppError } from '../platform/errors.ts';
import { Interrupted, UsageError } from './context.ts';
import type { OutputStream } from './output.ts';

/** Of a password that an operator chooses for a person. */
export const KEEP_PASSWORD_OPTION = [
  '--keep-password',
  'the person may keep this password; otherwise they choose another one at the next sign-in',
] as const;

export const PASSWORD_STDIN_OPTION = ['--password-stdin', 'read the password from standard input, one line'] as const;

const LINE_MAX_BYTES = 64 * 1_024;

export type InputStream = NodeJS.ReadableStream & { readonly isTTY?: boolean };

export interface Input {
  /**
   * A new password, typed twice without echo or read from standard input; never an argument, which every process of the
   * machine can read.
   * @throws UsageError without a terminal or `--password-stdin`
   */
  readNewPassword(options: { passwordStdin?: boolean }): Promise<string>;
  /** A password, typed once. @throws UsageError without a terminal or `--password-stdin` */
  readPassword(options: { passwordStdin?: boolean }): Promise<string>;
  /** The first line of standard input, without its end. @param what it is, for the error */
  readLine(what: string): Promise<string>;
}

/** @param host its `stdin` is read only when it is needed */
export function createInput(host: { readonly stdin: InputStream; readonly stderr: OutputStream }): Input {
  async function readPassword(options: { passwordStdin?: boolean }): Promise<string> {
    const { stdin, stderr } = host;
    if (isTerminal(stdin)) return ask(stdin, stderr, 'Password: ');
    if (options.passwordStdin) return firstLine(stdin, 'password');
    throw new UsageError('there is no terminal to ask for the password; use --password-stdin');
  }

  async function readNewPassword(options: { passwordStdin?: boolean }): Promise<string> {
    const password = await readPassword(options);
    const { stdin, stderr } = host;
    if (isTerminal(stdin) && (await ask(stdin, stderr, 'Once more: ')) !== password) {
      throw new AppError('passwords_differ', 'the two passwords differ');
    }
    return password;
  }

  return { readNewPassword, readPassword, readLine: (what) => firstLine(host.stdin, what) };
}

function isTerminal(stream: InputStream): stream is ReadStream {
  return stream.isTTY === true;
}

async function firstLine(stream: InputStream, what: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (chunk.includes(0x0a) || size > LINE_MAX_BYTES) break;
  }
  const bytes = Buffer.concat(chunks);
  const end = bytes.indexOf(0x0a);
  const line = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line).replace(/\r$/, '');
  } catch (cause) {
    throw new AppError('input_encoding', `${what}: must be UTF-8 text`, { cause, field: what });
  }
}

// Characters of a terminal in raw mode.
const ENTER = new Set(['\r', '\n', '\u0004']);
const BACKSPACE = new Set(['\u007f', '\b']);
const ERASE_LINE = '\u0015';
const INTERRUPT = '\u0003';
// biome-ignore lint/suspicious/noControlCharactersInRegex: what arrow keys and the like send begins with one
const ESCAPE_SEQUENCE = /\u001b(\[[0-9;]*[A-Za-z~]|O[A-Z]|.)?/g;

/** Echoes nothing of the input, not even its length. */
async function ask(terminal: ReadStream, stderr: OutputStream, prompt: string): Promise<string> {
  terminal.setRawMode(true); // before the prompt, so that early input is not echoed
  stderr.write(prompt);
  terminal.setEncoding('utf8');
  terminal.resume();
  try {
    return await new Promise<string>((done, failed) => {
      let typed: string[] = [];
      const onData = (chunk: string) => {
        for (const character of chunk.replaceAll(ESCAPE_SEQUENCE, '')) {
          if (ENTER.has(character)) return finish(() => done(typed.join('')));
          if (character === INTERRUPT) return finish(() => failed(new Interrupted('SIGINT')));
          if (character === ERASE_LINE) typed = [];
          else if (BACKSPACE.has(character)) typed.pop();
          else typed.push(character);
        }
      };
      const finish = (settle: () => void) => {
        terminal.off('data', onData);
        settle();
      };
      terminal.on('data', onData);
      terminal.once('end', () => finish(() => done(typed.join(''))));
    });
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
    stderr.write('\n');
  }
}
