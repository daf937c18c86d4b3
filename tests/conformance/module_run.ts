import { setTimeout as pause } from 'node:timers/promises';
import type { LogEntry, ModuleOfPlan, Suite } from './suite.ts';

/** What happened to one module of a plan. */
export interface Outcome {
  readonly plan: string;
  /** With what the plan varies of it, in the notation of the suite's scripts. */
  readonly module: string;
  readonly id: string;
  /** As the suite says it (`PASSED`, …), or `TIMEOUT`, when it never finished. */
  readonly result: string;
  /** The suite's conditions that failed or warned. */
  readonly conditions: readonly string[];
  /** What they said, or where a module stopped. */
  readonly messages: readonly string[];
  readonly seconds: number;
}

/** What a module may need from outside of the suite. */
export interface Help {
  /** Called once when a module waits for a start by hand. */
  beforeStart(module: ModuleOfPlan): Promise<void>;
  /** Visits a URL that the suite's own browser doesn't. */
  visit(url: string, module: ModuleOfPlan): Promise<void>;
  /** Called when the module has ended. */
  afterwards(): Promise<void>;
}

export interface Patience {
  /** For a whole module. */
  readonly moduleMs: number;
  /** For a module that waits for somebody, and nobody comes. */
  readonly idleMs: number;
  readonly pollMs: number;
}

const DONE = ['FINISHED', 'INTERRUPTED'];

/**
 * Drives a module until it has finished, or gives up with a reason.
 * @param plan its name here, its id in the suite, and the name of the module for the report
 */
export async function runModule(
  suite: Suite,
  plan: { readonly name: string; readonly id: string },
  module: ModuleOfPlan,
  name: string,
  help: Help,
  { moduleMs, idleMs, pollMs }: Patience,
): Promise<Outcome> {
  const began = performance.now();
  const id = await suite.createModule(plan.id, module);
  const visited = new Set<string>();
  let started = false;
  let late: string | undefined;
  let seen: { since: string | undefined; at: number } = { since: undefined, at: began };
  for (;;) {
    const progress = await suite.now(id);
    const status = progress?.status ?? (await suite.info(id)).status;
    if (DONE.includes(status)) break;
    if (status === 'CONFIGURED' && STARTED_BY_HAND.includes(module.testModule) && !started) {
      started = true;
      await help.beforeStart(module);
      await suite.start(id);
    }
    for (const url of progress?.visits ?? []) {
      if (visited.has(url)) continue;
      visited.add(url);
      await suite.visited(id, url);
      await help.visit(url, module);
    }
    if (progress?.since !== seen.since) seen = { since: progress?.since, at: performance.now() };
    if (status === 'WAITING' && performance.now() - seen.at > idleMs) late = `nothing happened for ${idleMs / 1_000} s`;
    if (performance.now() - began > moduleMs) late = `not finished after ${moduleMs / 1_000} s`;
    if (late) {
      await suite.cancel(id);
      break;
    }
    await pause(pollMs);
  }
  await help.afterwards();
  // The suite stores what it has finished a moment later.
  const [info, log] = [await infoOfDone(suite, id, late === undefined, pollMs), await suite.log(id)];
  const bad = log.filter(({ result }) => result === 'FAILURE' || result === 'WARNING');
  return {
    plan: plan.name,
    module: name,
    id,
    result: late ? 'TIMEOUT' : info.status === 'FINISHED' ? (info.result ?? 'UNKNOWN') : info.status,
    conditions: [...new Set(bad.map(({ src }) => src))].sort(),
    messages: [...(late ? [`${late}; last: ${lastOf(log)}`] : []), ...bad.map(said)],
    seconds: Math.round((performance.now() - began) / 100) / 10,
  };
}

async function infoOfDone(suite: Suite, id: string, isDone: boolean, pollMs: number) {
  for (let tries = 50; tries > 0; tries -= 1) {
    const info = await suite.info(id);
    if (!isDone || DONE.includes(info.status)) return info;
    await pause(pollMs);
  }
  return suite.info(id);
}

/** The suite starts all others by itself. */
const STARTED_BY_HAND = ['oidcc-server-rotate-keys'];

/** The names of a plan's modules: each with the parts of its variant in which the modules of the plan differ. */
export function namesOf(modules: readonly ModuleOfPlan[]): string[] {
  const variants = modules.map(({ variant }) => variant ?? {});
  const keys = [...new Set(variants.flatMap((one) => Object.keys(one)))].sort();
  const varied = keys.filter((key) => new Set(variants.map((one) => one[key])).size > 1);
  return modules.map(({ testModule, variant }) => {
    const parts = varied.filter((key) => variant?.[key] !== undefined).map((key) => `[${key}=${variant?.[key]}]`);
    return testModule + parts.join('');
  });
}

const said = ({ src, msg = '', result = '' }: LogEntry): string => `${result} ${src}: ${msg.slice(0, 300)}`;

function lastOf(log: readonly LogEntry[]): string {
  const last = log.findLast(({ msg, src }) => msg !== undefined && src !== 'BROWSER');
  return last ? said(last) : 'nothing was logged';
}
