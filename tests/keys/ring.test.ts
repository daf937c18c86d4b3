import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keyPolicy } from '../../keys/policy.ts';
import {
  type Action,
  CLOCK_TOLERANCE_SECONDS,
  type Policy,
  plan,
  publicationSeconds,
  type RingKey,
  type RingNode,
  silenceSeconds,
} from '../../keys/ring.ts';
import { after, DAY, HOUR, key, node, POLICY, rotation, START } from './fixtures.ts';

const PUBLICATION = publicationSeconds(POLICY);
const GONE = silenceSeconds(POLICY) + CLOCK_TOLERANCE_SECONDS;
const NO_RINGS: Policy = { ...POLICY, rings: [] };

/** The plan as text: "demote a", "create pending". */
function planned(
  keys: RingKey[],
  seconds: number,
  given: { nodes?: RingNode[]; policy?: Policy; order?: Parameters<typeof plan>[3] } = {},
): string[] {
  const state = { keys, nodes: given.nodes ?? [], lastSeenAt: 0 };
  return plan(state, after(seconds), given.policy ?? POLICY, given.order).map(inWords);
}

function inWords(action: Action): string {
  switch (action.do) {
    case 'create':
      return `create ${action.expedited ? 'expedited ' : ''}${action.state}`;
    case 'retire':
      return `${action.revoked ? 'revoke' : 'retire'} ${action.kid}`;
    case 'extend':
      return `extend ${action.kid} to ${action.signsForSeconds}`;
    default:
      return `${action.do} ${action.kid}`;
  }
}

describe('the first key', () => {
  test('of an empty ring signs at once: no verifier has to learn it first', () => {
    assert.deepEqual(planned([], 0), ['create active']);
  });

  test('is made for every configured ring', () => {
    const rings = ['RS256', 'cookie'].map((name) => ({ name, alg: 'HMAC' as const, signsForSeconds: HOUR }));
    const actions = plan({ keys: [], nodes: [], lastSeenAt: 0 }, START, { ...POLICY, rings });
    assert.deepEqual(
      actions.map((action) => action.ring),
      ['RS256', 'cookie'],
    );
  });
});

describe('a policy', () => {
  test('has a key set at every verifier after its age and a poll, and forgets a node after three polls', () => {
    const policy = { ...POLICY, jwksMaxAgeSeconds: 3_600, pollSeconds: 30 };
    assert.equal(publicationSeconds(policy), 3_630);
    assert.equal(silenceSeconds(policy), 90);
  });

  test('has the configured rings, and the one of cookies', () => {
    const settings = {
      rings: ['ES256' as const],
      rsaBits: 2_048,
      rotationSeconds: 9,
      jwksMaxAgeSeconds: 8,
      pollSeconds: 7,
    };
    assert.deepEqual(keyPolicy(settings, { tokens: 10, cookies: 20 }), {
      ...settings,
      rings: [
        { name: 'ES256', alg: 'ES256', signsForSeconds: 10 },
        { name: 'cookie', alg: 'HMAC', signsForSeconds: 20 },
      ],
    });
  });

  test('plans each ring by its own keys, and creates a missing one also when a rotation is ordered', () => {
    const rings = ['RS256', 'cookie'].map((name) => ({ name, alg: 'HMAC' as const, signsForSeconds: HOUR }));
    for (const order of [undefined, rotation('gone')]) {
      const actions = plan({ keys: [key('a')], nodes: [], lastSeenAt: 0 }, START, { ...POLICY, rings }, order);
      assert.deepEqual(actions, [{ do: 'create', ring: 'cookie', state: 'active', expedited: false }]);
    }
  });
});

describe('the next key', () => {
  const ahead = POLICY.rotationSeconds - PUBLICATION - POLICY.pollSeconds;

  test('is published early enough for every verifier to know it when it becomes active', () => {
    assert.deepEqual(planned([key('a')], ahead - 1), []);
    assert.deepEqual(planned([key('a')], ahead), ['create pending']);
  });

  test('is created once: while it is pending no other is created', () => {
    const pending = key('b', { state: 'pending', createdAt: after(ahead) });
    assert.deepEqual(planned([key('a'), pending], ahead + 60), []);
  });

  test('is published at once when rotation is faster than publication', () => {
    assert.deepEqual(planned([key('a')], 0, { policy: { ...POLICY, rotationSeconds: 10 } }), ['create pending']);
  });
});

describe('a pending key becomes active', () => {
  const due = POLICY.rotationSeconds;
  const pending = (given: Partial<RingKey> = {}) => key('b', { state: 'pending', publishedIn: 2, ...given });
  const informed = node({ acknowledged: 2, seenAt: after(due) });

  test('when the active one has signed for the rotation period', () => {
    assert.deepEqual(planned([key('a'), pending()], due - 1, { nodes: [informed] }), []);
    assert.deepEqual(planned([key('a'), pending()], due, { nodes: [informed] }), ['demote a', 'promote b']);
  });

  test('not before max-age and poll interval have passed since it was published', () => {
    const late = pending({ createdAt: after(due) });
    assert.deepEqual(planned([key('a'), late], due + PUBLICATION - 1), []);
    assert.deepEqual(planned([key('a'), late], due + PUBLICATION), ['demote a', 'promote b']);
  });

  test('not before cached copies that a late node has served have expired', () => {
    const late = (seconds: number) => node({ acknowledged: 2, acknowledgedAt: after(seconds), seenAt: after(due) });
    assert.deepEqual(planned([key('a'), pending()], due, { nodes: [informed, late(due - HOUR + 1)] }), []);
    assert.deepEqual(planned([key('a'), pending()], due, { nodes: [informed, late(due - HOUR)] }), [
      'demote a',
      'promote b',
    ]);
  });

  test('not before every live node has acknowledged a key set with it', () => {
    const behind = node({ acknowledged: 1, seenAt: after(due) });
    assert.deepEqual(planned([key('a'), pending()], due, { nodes: [informed, behind] }), []);
  });

  test('without waiting for a node that is gone', () => {
    const gone = node({ acknowledged: 1, seenAt: after(due - GONE) });
    assert.deepEqual(planned([key('a'), pending()], due, { nodes: [informed, gone] }), ['demote a', 'promote b']);
    const silent = node({ acknowledged: 1, seenAt: after(due - GONE + 1) });
    assert.deepEqual(planned([key('a'), pending()], due, { nodes: [informed, silent] }), []);
  });

  test('earlier when an operator requested it, under the same conditions', () => {
    const expedited = pending({ expedited: true });
    assert.deepEqual(planned([key('a'), expedited], PUBLICATION - 1), []);
    assert.deepEqual(planned([key('a'), expedited], PUBLICATION), ['demote a', 'promote b']);
    assert.deepEqual(
      planned([key('a'), expedited], PUBLICATION, { nodes: [node({ seenAt: after(PUBLICATION) })] }),
      [],
    );
  });
});

describe('a retiring key', () => {
  const stopped = key('a', { state: 'retiring', retiringAt: START, signsForSeconds: 2 * HOUR });
  const over = 2 * HOUR + silenceSeconds(POLICY) + CLOCK_TOLERANCE_SECONDS;

  test('is withdrawn when its last signature has expired, on the last node and the slowest clock', () => {
    assert.deepEqual(planned([key('b'), stopped], over - 1), []);
    assert.deepEqual(planned([key('b'), stopped], over), ['retire a']);
  });

  test('stays as long as its own row says, with any present configuration', () => {
    const rings = [{ name: 'RS256', alg: 'RS256' as const, signsForSeconds: 1 }];
    assert.deepEqual(planned([key('b'), stopped], over - 1, { policy: { ...POLICY, rings } }), []);
  });

  test('of a ring that is no longer configured is withdrawn in the same way', () => {
    assert.deepEqual(planned([stopped], over - 1, { policy: NO_RINGS }), []);
    assert.deepEqual(planned([stopped], over, { policy: NO_RINGS }), ['retire a']);
  });
});

describe('lifetimes', () => {
  const rings = [{ name: 'RS256', alg: 'RS256' as const, signsForSeconds: 3 * HOUR }];

  test('that increase are written to the keys that sign or will sign', () => {
    const keys = [key('a'), key('b', { state: 'pending' }), key('c', { state: 'retiring', retiringAt: START })];
    const actions = planned(keys, 0, { policy: { ...POLICY, rings } });
    assert.deepEqual(actions, [`extend a to ${3 * HOUR}`, `extend b to ${3 * HOUR}`]);
  });

  test('that decrease are not: existing signatures keep their lifetime', () => {
    assert.deepEqual(planned([key('a', { signsForSeconds: 4 * HOUR })], 0, { policy: { ...POLICY, rings } }), []);
  });
});

describe('a staged rotation', () => {
  test('creates a pending key that remembers the request', () => {
    assert.deepEqual(planned([key('a')], DAY, { order: rotation('a') }), ['create expedited pending']);
  });

  test('uses an existing pending key, at once if it is known everywhere', () => {
    const fresh = key('b', { state: 'pending', createdAt: after(DAY) });
    assert.deepEqual(planned([key('a'), fresh], DAY, { order: rotation('a') }), ['expedite b']);
    const known = key('b', { state: 'pending', createdAt: START });
    assert.deepEqual(planned([key('a'), known], DAY, { order: rotation('a') }), ['demote a', 'promote b']);
  });

  test('that is requested twice happens once', () => {
    const expedited = key('b', { state: 'pending', createdAt: after(DAY), expedited: true });
    assert.deepEqual(planned([key('a'), expedited], DAY, { order: rotation('a') }), []);
    assert.deepEqual(planned([key('b', { activatedAt: after(DAY) })], DAY, { order: rotation('a') }), []);
  });
});

describe('an emergency', () => {
  test('creates a key that signs at once', () => {
    assert.deepEqual(planned([key('a')], DAY, { order: rotation('a', true) }), ['demote a', 'create active']);
  });

  test('does not use the pending key', () => {
    const pending = key('b', { state: 'pending' });
    assert.deepEqual(planned([key('a'), pending], DAY, { order: rotation('a', true) }), [
      'retire b',
      'demote a',
      'create active',
    ]);
  });

  test('does nothing when its key has stopped signing', () => {
    assert.deepEqual(planned([key('b')], DAY, { order: rotation('a', true) }), []);
  });
});

describe('a revoked key', () => {
  const order = { verb: 'revoke', kid: 'a' } as const;

  test('that was active is followed by the pending one', () => {
    assert.deepEqual(planned([key('a'), key('b', { state: 'pending', createdAt: after(DAY) })], DAY, { order }), [
      'revoke a',
      'promote b',
    ]);
  });

  test('that was active is followed by a new one when none is pending', () => {
    assert.deepEqual(planned([key('a')], DAY, { order }), ['revoke a', 'create active']);
  });

  test('that did not sign is removed', () => {
    assert.deepEqual(planned([key('b'), key('a', { state: 'retiring', retiringAt: START })], 60, { order }), [
      'revoke a',
    ]);
    assert.deepEqual(planned([key('b'), key('a', { state: 'pending' })], 60, { order }), ['revoke a']);
  });
});

describe('a ring that is no longer configured on this node', () => {
  const keys = [key('a'), key('b', { state: 'pending' })];

  test('stops signing when no live node has it', () => {
    assert.deepEqual(planned(keys, DAY, { policy: NO_RINGS }), ['demote a', 'retire b']);
    const gone = node({ seenAt: after(DAY - GONE) });
    assert.deepEqual(planned(keys, DAY, { policy: NO_RINGS, nodes: [gone] }), ['demote a', 'retire b']);
  });

  test('is left alone while a live node has it, as during a rolling upgrade', () => {
    assert.deepEqual(planned(keys, 60 * DAY, { policy: NO_RINGS, nodes: [node({ seenAt: after(60 * DAY) })] }), []);
  });
});

describe('a clock that is set back', () => {
  test('does not make nodes count as gone', () => {
    const pending = key('b', { state: 'pending', createdAt: after(-DAY), publishedIn: 2, expedited: true });
    assert.deepEqual(planned([key('a'), pending], 0, { nodes: [node({ seenAt: after(DAY) })] }), []);
  });

  test('does not shorten the time for which a key is published', () => {
    const state = { keys: [key('a')], nodes: [], lastSeenAt: after(100) };
    const [demoted] = plan(state, after(10), POLICY, rotation('a', true));
    assert.deepEqual(demoted, { do: 'demote', ring: 'RS256', kid: 'a', stoppedAt: after(100) });
    const [later] = plan(state, after(200), POLICY, rotation('a', true));
    assert.deepEqual(later, { do: 'demote', ring: 'RS256', kid: 'a', stoppedAt: after(200) });
  });
});
