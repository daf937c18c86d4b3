import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CLOCK_TOLERANCE_SECONDS,
  type Order,
  type Policy,
  plan,
  publicationSeconds,
  type RingKey,
  type RingNode,
  type RingState,
  silenceSeconds,
} from '../../keys/ring.ts';
import { applied, POLICY, START } from './fixtures.ts';

const RINGS = [
  { name: 'RS256', alg: 'RS256', signsForSeconds: 3_600 },
  { name: 'cookie', alg: 'HMAC', signsForSeconds: 7_200 },
] as const;
const TIMES = { ...POLICY, rotationSeconds: 20_000 };

type Step =
  | { do: 'pass' | 'setBack'; seconds: number }
  | { do: 'poll' | 'leave'; node: number }
  | { do: 'rotate'; ring: 0 | 1; now: boolean }
  | { do: 'revoke'; pick: number }
  | { do: 'configure'; rings: number; longer: number };

const of = <T extends string>(name: T) => fc.constant(name);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: of('pass'), seconds: fc.oneof(fc.nat(60), fc.nat(8_000)) }) },
  { weight: 1, arbitrary: fc.record({ do: of('setBack'), seconds: fc.nat(6_000) }) },
  { weight: 6, arbitrary: fc.record({ do: of('poll'), node: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: of('leave'), node: fc.nat(2) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: of('rotate'), ring: fc.constantFrom(0 as const, 1 as const), now: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: of('revoke'), pick: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: of('configure'),
      rings: fc.integer({ min: 1, max: 2 }),
      longer: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

/**
 * A node that signs with the keys that it read last, with the configuration of that time, until it has been out of
 * touch for too long.
 */
interface ModelNode extends RingNode {
  /** Its signing keys, and for how many seconds it uses each. */
  readonly serves: ReadonlyMap<string, number>;
  /** By key: until when a verifier may have a key set of this node without it. */
  readonly lateUntil: ReadonlyMap<string, number>;
}

/**
 * A deployment of up to three nodes that poll, become silent and leave, with a clock that may be set back. After each
 * step the promises of the design, section 4, are checked against what the nodes did.
 */
class Deployment {
  private clock = START;
  private version = 0;
  private made = 0;
  private policy: Policy = { ...TIMES, rings: RINGS };
  private keys: readonly RingKey[] = [];
  private readonly nodes = new Map<number, ModelNode>();
  private lastSeenAt = 0;
  /** By key: the latest expiry of anything that a node signed with it. */
  private readonly signed = new Map<string, number>();
  private readonly publishedAt = new Map<string, number>();

  take(step: Step): void {
    this.perform(this.happen(step));
    for (const node of this.nodes.values()) this.sign(node);
  }

  /** @returns the request to the planner after the step */
  private happen(step: Step): Order {
    switch (step.do) {
      case 'pass':
        this.clock += 1_000 * step.seconds;
        for (const node of this.nodes.values()) this.sign(node);
        break;
      case 'setBack':
        this.clock -= 1_000 * step.seconds;
        break;
      case 'poll':
        this.nodes.set(step.node, {
          acknowledged: this.version,
          acknowledgedAt: this.acknowledgedAt(step.node),
          lateUntil: this.lateUntil(step.node),
          seenAt: this.clock,
          rings: this.policy.rings.map((ring) => ring.name),
          serves: this.signers(),
        });
        this.lastSeenAt = Math.max(this.lastSeenAt, this.clock);
        break;
      case 'leave':
        this.nodes.delete(step.node);
        break;
      case 'configure':
        this.policy = {
          ...TIMES,
          rings: RINGS.slice(0, step.rings).map((ring) => ({
            ...ring,
            signsForSeconds: ring.signsForSeconds * step.longer,
          })),
        };
        break;
      case 'rotate': {
        const active = this.keys.filter((key) => key.state === 'active' && key.ring === RINGS[step.ring].name);
        return { verb: 'rotate', now: step.now, replaces: new Set(active.map((key) => key.kid)) };
      }
      case 'revoke': {
        const key = this.keys[step.pick % Math.max(1, this.keys.length)];
        if (key) return { verb: 'revoke', kid: key.kid };
      }
    }
    return { verb: 'maintain' };
  }

  /** As the store records it. */
  private acknowledgedAt(index: number): number {
    const node = this.nodes.get(index);
    if (!node) return 0;
    return node.acknowledged === this.version ? Math.min(node.acknowledgedAt, this.clock) : this.clock;
  }

  /** Until now this node has served its old key set, which a verifier may cache for max-age. */
  private lateUntil(index: number): ReadonlyMap<string, number> {
    const node = this.nodes.get(index);
    const until = new Map(node?.lateUntil);
    if (!node || node.acknowledged === this.version) return until;
    const fresh = this.clock + 1_000 * this.policy.jwksMaxAgeSeconds;
    for (const key of this.keys) if (key.publishedIn > node.acknowledged) until.set(key.kid, fresh);
    return until;
  }

  private signers(): Map<string, number> {
    const active = this.keys.filter((key) => key.state === 'active');
    return new Map(
      this.policy.rings.flatMap((ring) =>
        active.filter((key) => key.ring === ring.name).map((key) => [key.kid, ring.signsForSeconds] as const),
      ),
    );
  }

  private sign(node: ModelNode): void {
    const until = Math.min(this.clock, node.seenAt + 1_000 * silenceSeconds(this.policy));
    for (const [kid, seconds] of node.serves)
      this.signed.set(kid, Math.max(this.signed.get(kid) ?? 0, until + 1_000 * seconds));
  }

  perform(order: Order = { verb: 'maintain' }): void {
    const before: RingState = { keys: this.keys, nodes: [...this.nodes.values()], lastSeenAt: this.lastSeenAt };
    const actions = plan(before, this.clock, this.policy, order);
    if (actions.length > 0) this.version += 1;
    const state = applied(before, actions, {
      at: this.clock,
      version: this.version,
      kid: () => `key${++this.made}`,
      signsForSeconds: (name) => this.policy.rings.find((ring) => ring.name === name)?.signsForSeconds ?? 0,
    });
    this.keys = state.keys;
    this.checkRings();
    for (const was of before.keys) this.checkChange(was, before, order);
    for (const key of state.keys) this.checkNew(key, before, order);
    const again = plan(state, this.clock, this.policy, order);
    assert.ok(!again.some((action) => action.do === 'demote'), 'a plan is carried out once');
  }

  private checkRings(): void {
    for (const { name } of this.policy.rings) {
      const states = this.keys.filter((key) => key.ring === name).map((key) => key.state);
      assert.equal(states.filter((state) => state === 'active').length, 1, `one key signs for ${name}`);
      assert.ok(states.filter((state) => state === 'pending').length <= 1, `at most one key waits for ${name}`);
    }
  }

  private checkChange(was: RingKey, before: RingState, order: Order): void {
    const is = this.keys.find((key) => key.kid === was.kid);
    if (is) assert.ok(is.signsForSeconds >= was.signsForSeconds, 'the expiry of signatures is kept');
    if (was.state === 'pending' && is?.state === 'active') this.checkPromotion(was, before, order);
    if (!is) this.checkWithdrawal(was, order);
  }

  private checkPromotion(key: RingKey, before: RingState, order: Order): void {
    const predecessor = before.keys.find((one) => one.ring === key.ring && one.state === 'active');
    if (!predecessor || (order.verb === 'revoke' && order.kid === predecessor.kid)) return;
    const published = this.publishedAt.get(key.kid) ?? Number.POSITIVE_INFINITY;
    assert.ok(this.clock >= published + 1_000 * publicationSeconds(this.policy), 'every verifier can know it');
    for (const node of this.nodes.values()) {
      const gone = node.seenAt + 1_000 * (silenceSeconds(this.policy) + CLOCK_TOLERANCE_SECONDS);
      if (this.clock >= gone) continue;
      assert.ok(node.acknowledged >= key.publishedIn, 'every live node knows it');
      // When the clock was set back since, the earlier time counts.
      const known = node.acknowledgedAt + 1_000 * this.policy.jwksMaxAgeSeconds;
      const until = Math.min(known, node.lateUntil.get(key.kid) ?? 0);
      assert.ok(this.clock >= until, 'no verifier holds a key set from before it');
    }
  }

  private checkWithdrawal(key: RingKey, order: Order): void {
    if (order.verb === 'revoke' && order.kid === key.kid) return;
    assert.notEqual(key.state, 'active', 'a key that signs is not withdrawn');
    if (key.state === 'pending') {
      const configured = this.policy.rings.some((ring) => ring.name === key.ring);
      assert.ok(
        !configured || (order.verb === 'rotate' && order.now),
        'a pending key is removed only in an emergency or with its ring',
      );
    }
    const expires = this.signed.get(key.kid);
    if (expires === undefined) return;
    assert.ok(this.clock >= expires + 1_000 * CLOCK_TOLERANCE_SECONDS, 'its last signature has expired');
  }

  private checkNew(key: RingKey, before: RingState, order: Order): void {
    if (this.publishedAt.has(key.kid)) return;
    this.publishedAt.set(key.kid, this.clock);
    const replaced = before.keys.some((one) => one.ring === key.ring && one.state === 'active');
    if (key.state !== 'active' || !replaced) return;
    const sudden = order.verb === 'revoke' || (order.verb === 'rotate' && order.now);
    assert.ok(
      sudden,
      'a key signs without prior publication only in an emergency, or when its predecessor was revoked',
    );
  }
}

test('keeps the promises about keys under any sequence of events (model)', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 150, size: 'max' }), (steps) => {
      const deployment = new Deployment();
      deployment.perform();
      for (const one of steps) deployment.take(one);
    }),
    { numRuns: 2_000 },
  );
});
