import { describe, expect, it } from 'vitest';
import { judge, type OutageResult, remarksOn } from '../../bench/outage/acceptance.ts';
import { drawChart } from '../../bench/outage/chart.ts';
import type { CircuitChange } from '../../bench/outage/deployment.ts';
import { openSecondsLeft } from '../../bench/outage/drain.ts';
import { outageWorkload } from '../../bench/outage/workloads.ts';

const HEALED = 1_000_000;

function result(name: OutageResult['name'], changes: Partial<OutageResult> = {}): OutageResult {
  return {
    name,
    handled: 5_000,
    deadLettered: 0,
    unaccounted: 0,
    duplicateEffects: 0,
    calls: 5_010,
    callsDuringOutage: 10,
    invocations: 3_000,
    invocationsDuringOutage: 10,
    controllerInvocations: 0,
    controllerInvocationsDuringOutage: 0,
    dynamodbRequests: 10_000,
    sqsRequests: 6_000,
    lambdaRequests: 0,
    circuitOpened: 1,
    backlog: 1_000,
    drainSeconds: 15,
    openSecondsLeft: 0,
    idealDrainSeconds: 10,
    healthyPerSecond: 100,
    capacityPerSecond: 100,
    timeline: [],
    ...changes,
  };
}

const peer = result('plain-cdk', { invocationsDuringOutage: 200, deadLettered: 1_000 });
const brokenRules = (ours: OutageResult): string[] =>
  judge([ours, peer], [])
    .filter(({ holds }) => !holds)
    .map(({ rule }) => rule);

describe('the judgement of an outage', () => {
  it('accepts what is just good enough', () => {
    expect(brokenRules(result('spillway', { callsDuringOutage: 99 }))).toEqual([]);
  });

  it.each<[string, Partial<OutageResult>]>([
    ['no message dead-lettered', { deadLettered: 1 }],
    ['no message unaccounted for', { unaccounted: 1 }],
    ['fewer than 100 calls into it', { callsDuringOutage: 100 }],
    ['no effect twice', { duplicateEffects: 1 }],
    ['drained within 1.5 × 10.0 s, the ideal', { drainSeconds: 15.1 }],
    ['drained within 1.5 × 10.0 s, the ideal', { drainSeconds: -1 }],
    ['20 × fewer invocations than the best peer', { invocationsDuringOutage: 11 }],
  ])('refuses what breaks "%s"', (rule, change) => {
    expect(brokenRules(result('spillway', change))).toEqual([`outage: ${rule}`]);
  });

  it('demands of the trickle that the circuit opens', () => {
    const rules = judge([], [result('spillway', { circuitOpened: 0 })]).filter(({ holds }) => !holds);
    expect(rules.map(({ rule }) => rule)).toEqual(['trickle: the circuit opens']);
  });
});

describe('the remarks', () => {
  it('name a peer whose throughput is more than a tenth from ours, and no other', () => {
    const peers = [
      result('plain-cdk', { healthyPerSecond: 111 }),
      result('powertools-opossum', { healthyPerSecond: 91 }),
    ];
    const remarks = remarksOn([result('spillway'), ...peers]);
    expect(remarks).toEqual(['plain-cdk handles 1.11 × as many messages as spillway while all is well']);
  });

  it('say that the machine was too slow', () => {
    const [remark] = remarksOn([result('spillway', { capacityPerSecond: 112 })]);
    expect(remark).toMatch(/^the machine was too slow or too busy/);
  });
});

describe('the open time left when the dependency is back', () => {
  const opened = (after: number, retryAfter: number, decidedBy = 'fleet'): CircuitChange => ({
    atEpochMs: HEALED + after,
    to: 'open',
    decidedBy,
    retryAtEpochMs: HEALED + retryAfter,
  });

  it('is that of the last opening by a call from before', () => {
    const changes = [opened(-6_000, 0), opened(-100, 12_000), opened(3_000, 30_000)];
    expect(openSecondsLeft(changes, HEALED, 10)).toBe(12);
  });

  it('passes over what one environment decided, if they share a circuit', () => {
    expect(openSecondsLeft([opened(-500, 2_000), opened(-100, 6_000, 'environment')], HEALED, 10)).toBe(2);
    expect(openSecondsLeft([opened(-100, 6_000, 'environment')], HEALED, 10)).toBe(6);
  });

  it('is nothing once it is over, or where nothing opened', () => {
    expect(openSecondsLeft([opened(-9_000, -3_000)], HEALED, 10)).toBe(0);
    expect(openSecondsLeft([], HEALED, 10)).toBe(0);
  });
});

it('draws a panel for each contender, and no text that is not a number where one should be', () => {
  const counts = { sent: 10, handled: 8, deadLettered: 1, callsDuringOutage: 3, invocations: 5 };
  const timeline = [
    { at: 0, sent: 0, handled: 0, deadLettered: 0, callsDuringOutage: 0, invocations: 0 },
    { at: 61.5, ...counts },
  ];
  const svg = drawChart([result('spillway', { timeline }), { ...peer, timeline }], outageWorkload(5_000, 60));
  expect(svg.match(/<polyline/g)).toHaveLength(6);
  expect(svg).toContain('8 handled');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});
