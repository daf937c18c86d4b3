import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { Unit } from '../../server/records/unit.ts';
import { bench, HOUR, newId, open, readRecord } from './fixtures.ts';
import { ModelUnit, seen, type World } from './model.ts';

const own = await bench({ after });

/** Overlapping requests on two nodes; each step belongs to one of them. */
type Step =
  | { do: 'create'; by: number; grant: number | undefined }
  | { do: 'find' | 'change' | 'consume' | 'destroy'; by: number; record: number }
  | { do: 'newGrant' | 'commit' | 'discard'; by: number }
  | { do: 'revokeGrant' | 'revokeTokensOf'; by: number; grant: number };

const of = <T extends string>(...names: T[]) => fc.constantFrom(...names);
const by = fc.nat(1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: of('create'), by, grant: fc.option(fc.nat(3), { nil: undefined, freq: 5 }) }),
  },
  { weight: 8, arbitrary: fc.record({ do: of('find', 'change', 'consume', 'destroy'), by, record: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: of('newGrant'), by }) },
  { weight: 5, arbitrary: fc.record({ do: of('commit'), by }) },
  { weight: 1, arbitrary: fc.record({ do: of('discard'), by }) },
  { weight: 1, arbitrary: fc.record({ do: of('revokeGrant', 'revokeTokensOf'), by, grant: fc.nat(3) }) },
);

/** Creates the records that the requests then compete for. */
const PROLOGUE: readonly Step[] = [
  { do: 'newGrant', by: 0 },
  { do: 'newGrant', by: 0 },
  { do: 'create', by: 0, grant: 0 },
  { do: 'create', by: 0, grant: 1 },
  { do: 'commit', by: 0 },
];

interface Request {
  unit: Unit;
  model: ModelUnit;
}

const MODEL = 'RefreshToken';

/** Executes the steps on the database and on the model, and compares the results. */
async function play(steps: readonly Step[]): Promise<void> {
  const world: World = { grants: new Set(), records: new Map() };
  const [grants, records]: [string[], string[]] = [[], []];
  const payload = (id: string, grantId: string | undefined, note: number) => {
    const { accountId, clientId } = own;
    return { jti: id, kind: MODEL, note, clientId, ...(grantId === undefined ? {} : { grantId, accountId }) };
  };
  const begin = async (index: number): Promise<Request> => ({
    unit: await open(own.nodes[index === 0 ? 0 : 1]),
    model: new ModelUnit(world),
  });
  const requests = await Promise.all([0, 1].map(begin));

  for (const [note, one] of [...PROLOGUE, ...steps].entries()) {
    const { unit, model } = requests[one.by] as Request;
    switch (one.do) {
      case 'newGrant': {
        const id = newId();
        grants.push(id);
        unit.save('Grant', id, { jti: id, accountId: own.accountId, clientId: own.clientId }, HOUR);
        model.newGrant(id);
        break;
      }
      case 'create': {
        const [id, grant] = [newId(), pick(grants, one.grant)];
        records.push(id);
        unit.save(MODEL, id, payload(id, grant, note), HOUR);
        model.create(id, grant, note);
        break;
      }
      case 'revokeGrant':
      case 'revokeTokensOf': {
        const grant = pick(grants, one.grant);
        if (grant === undefined) break;
        if (one.do === 'revokeGrant') unit.destroy('Grant', grant);
        else unit.revokeTokensOf(grant);
        model[one.do](grant);
        break;
      }
      case 'commit': {
        const verdict = await unit.commit().then(
          () => 'committed',
          (error: { code: string }) => error.code,
        );
        assert.equal(verdict, model.commit());
        requests[one.by] = await begin(one.by);
        break;
      }
      case 'discard':
        unit.discard();
        requests[one.by] = { unit, model: new ModelUnit(world) };
        break;
      default: {
        const id = pick(records, one.record);
        if (id === undefined) break;
        const read = await unit.find(MODEL, id);
        const before = model.find(id);
        assert.deepEqual(seen(read), before);
        if (one.do === 'find' || !before || model.isTouched(id)) break;
        if (one.do === 'consume') await unit.consume(MODEL, id);
        else if (one.do === 'destroy') unit.destroy(MODEL, id);
        else unit.save(MODEL, id, { ...read, note }, HOUR); // as the provider does: saves what it read, with the change
        model[one.do](id, note);
        assert.deepEqual(seen(await unit.find(MODEL, id)), model.find(id));
      }
    }
  }

  const [node] = own.nodes;
  for (const id of records) assert.deepEqual(seen(await readRecord(node, MODEL, id)), world.records.get(id));
  for (const id of grants) assert.equal((await readRecord(node, 'Grant', id)) !== undefined, world.grants.has(id));
}

function pick(names: readonly string[], index: number | undefined): string | undefined {
  return index === undefined || names.length === 0 ? undefined : names[index % names.length];
}

test('units of overlapping requests behave like the plain model', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), play), {
    numRuns: 120,
  });
});
