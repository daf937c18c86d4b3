import type { Command } from 'commander';
import { assertProof, auditLog, headOfDocument, shownProof } from '../operations/audit_log.ts';
import type { InputLine } from '../operations/operation.ts';
import type { OutputOf } from '../operations/run.ts';
import { readBounded } from '../platform/bounded_file.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { deliveryCommands } from './audit_destinations.ts';
import { entryVerbs } from './audit_entries.ts';
import { keyVerbs } from './audit_keys.ts';
import { Differs, UsageError } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { timeIn } from './times.ts';
import type { CommandTools } from './tools.ts';

const PROGRESS_EVERY = 10_000;

export function auditCommand(noun: Command, tools: CommandTools): void {
  entryVerbs(noun, tools);
  deliveryCommands(noun, tools);
  headsVerb(noun, tools);
  verifyVerb(noun, tools);
  proofVerbs(noun, tools);
  keyVerbs(noun, tools);
}

function headsVerb(noun: Command, { verb, printItem, printItems }: CommandTools): void {
  noun
    .command('heads')
    .description('list the signed heads of the log, the smallest tree first; keep the newest one in another place')
    .option('--from <size>', 'the smallest size of a tree')
    .option('--newest', 'the newest alone, as "audit verify --head" reads it')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { from?: string; newest?: boolean }>(async ({ operate }, { from, newest, ...options }) => {
        if (newest) {
          const last = (await operate(auditLog.heads, { query: { limit: 1 } })).newest;
          if (!last) throw new AppError('audit_not_sealed', 'no head has been signed yet');
          printItem(last as Item, { json: true });
          return;
        }
        const first = await operate(auditLog.heads, {
          query: from === undefined ? {} : { from: sizeIn('--from', from) },
        });
        const items = [...first.items];
        for (let next = first.next_from; next !== undefined; ) {
          const page = await operate(auditLog.heads, { query: { from: next } });
          items.push(...page.items);
          next = page.next_from;
        }
        const rows = items.map(({ head }) => ({ size: head.tree_size, time: head.time, root: head.root_hash }));
        printItems(items as Item[], ['size', 'time', 'root'], 'No head has been signed yet.', options, rows);
      }),
    );
}

function verifyVerb(noun: Command, { verb, printItem, printItems, note, createProgress }: CommandTools): void {
  noun
    .command('verify')
    .description('find every entry that was changed, removed, inserted or moved; exit code 3 when there is one')
    .option('--since <time>', 'entries from this day or time on alone, such as 2026-11-01 or 2026-11-01T08:00:00Z')
    .option('--head <file>', 'a head that was kept elsewhere: shows an end that was cut off; repeat for more', collect)
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions & { since?: string; head?: string[] }>(async ({ stream }, { since, head = [], ...options }) => {
        const query = since === undefined ? {} : { since: timeIn('--since', since) };
        const lines = headsIn(head.map((file) => headOfDocument(file, jsonIn(file))));
        const running = await stream(auditLog.verify, { query, lines });
        const progress = createProgress({ every: PROGRESS_EVERY });
        const began = performance.now();
        const findings: OutputOf<typeof auditLog.verify.schemas>[] = [];
        let result: (typeof findings)[number] | undefined;
        for (let some = await running.next(); some; some = await running.next()) {
          for (const line of some) {
            if (line.type === 'finding') findings.push(line);
            if (line.type === 'result') result = line;
            if (line.type === 'progress') progress.show(line.events ?? 0, `${line.events} of ${line.size} looked at`);
          }
        }
        if (running.failure() !== undefined) throw running.failure();
        const { events = 0, findings: count = 0, waiting = 0, heads = 0 } = result ?? {};
        const rate = Math.round(events / ((performance.now() - began) / 1_000));
        progress.end(`${events} entries verified, ${rate} a second`);
        if (options.json) printItem({ ...result, findings } as Item, options);
        else {
          const nothing = since === undefined ? 'Nothing was changed.' : `Nothing since ${since} was changed.`;
          printItems(findings as Item[], ['kind', 'event_id', 'index', 'meaning'], nothing, options);
          note(`${heads} signed heads, ${waiting} entries wait for their place in the log`);
        }
        if (count > findings.length) note(`${count - findings.length} more findings`);
        if (count > 0) throw new Differs();
      }),
    );
}

function proofVerbs(noun: Command, { verb, printItem, printText }: CommandTools): void {
  noun
    .command('prove')
    .description('print a proof that an entry is in the log, for somebody without the database')
    .argument('<id>')
    .option(...JSON_OPTION)
    .action(
      verb(async ({ operate }, _options, id = '') => {
        printItem((await operate(auditLog.prove, { params: { id } })) as unknown as Item, { json: true });
      }),
    );
  noun
    .command('consistency')
    .description('print a proof that the log is the continuation of an earlier one')
    .requiredOption('--from <size>', 'the size of the tree of the earlier head')
    .option('--to <size>', 'the size of that of the later one (default: the newest)')
    .option(...JSON_OPTION)
    .action(
      verb<{ from: string; to?: string }>(async ({ operate }, { from, to }) => {
        const query = { from: sizeIn('--from', from, 1), ...(to === undefined ? {} : { to: sizeIn('--to', to, 1) }) };
        printItem((await operate(auditLog.consistency, { query })) as unknown as Item, { json: true });
      }),
    );
  noun
    .command('check-proof')
    .description('check a proof; needs neither a database nor a configuration')
    .argument('<file>')
    .option('--key-id <id>', 'the key that is trusted, by its RFC 7638 thumbprint')
    .option(...JSON_OPTION)
    .action((file: string, { keyId, ...options }: PrintOptions & { keyId?: string }) => {
      const proof = jsonIn(file);
      assertProof(proof, keyId);
      printItem(shownProof(proof, keyId) as Item, options);
      if (options.json) return;
      printText(
        keyId === undefined
          ? 'The proof agrees with itself. Give --key-id to know that it was signed by your server.\n'
          : 'The proof is right.\n',
      );
    });
}

/** The lines of an input that are known already. */
function headsIn(heads: readonly unknown[]): AsyncIterable<readonly InputLine[]> {
  const lines = heads.map((value, i) => ({ number: i + 1, value, bytes: 0 }));
  return {
    async *[Symbol.asyncIterator]() {
      if (lines.length > 0) yield lines;
    },
  };
}

const FILE_MAX = 1024 * 1024;

/** @throws AppError 400 `invalid_input`, which names the file */
function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readBounded(file, FILE_MAX).toString());
  } catch (error) {
    if (error instanceof RangeError) throw invalidInput(file, error.message);
    throw invalidInput(file, error instanceof SyntaxError ? 'is not JSON' : 'cannot be read');
  }
}

/** @param least a log without entries has nothing to prove */
function sizeIn(option: string, text: string, least = 0): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) < least) {
    throw new UsageError(
      `${option}: must be the size of a log, a whole number from ${least}; \`cardea audit heads\` lists those that are signed`,
    );
  }
  return Number(text);
}

const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];
