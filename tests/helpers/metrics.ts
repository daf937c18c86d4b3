import assert from 'node:assert/strict';

/** A sample of a scrape: a name with its labels, as it is written, and its value. */
export type Scrape = ReadonlyMap<string, number>;

/** @param port of the metrics */
export async function scrape(port: number | string): Promise<Scrape> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.equal(response.status, 200);
  return samplesIn(await response.text());
}

/** @param text in the text exposition format of Prometheus */
export function samplesIn(text: string): Scrape {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** The names of metrics that have samples or a type, without the suffixes of a histogram's series. */
export async function metricNames(port: number | string): Promise<ReadonlyMap<string, { type: string; help: string }>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  return new Map(
    [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name = '', help = '']) => {
      return [name, { type: types.get(name) ?? '', help }];
    }),
  );
}

/** The labels of all samples of a metric. */
export function labelsOf(all: Scrape, name: string): Readonly<Record<string, string>>[] {
  return [...all.keys()]
    .filter((key) => key === name || key.startsWith(`${name}{`))
    .map((key) => Object.fromEntries([...key.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value])));
}
