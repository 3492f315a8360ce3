import { describe, expect, it } from 'vitest';
import { intakeTelemetry } from '../../lambdas/aws/intake-telemetry.ts';
import { policyMetrics, powertoolsMetrics } from '../../lambdas/aws/telemetry-metrics.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import type { IntakeEvent } from '../../lambdas/core/intake/events.ts';
import { METRIC_FACTS } from '../../lambdas/core/metric-facts.ts';
import {
  CONSUMER_DIMENSION,
  ESSENTIAL_METRICS,
  FINGERPRINT_PROPERTY,
  METRIC,
  type MetricKey,
  type Observability,
} from '../../lambdas/core/metric-names.ts';
import { INTAKE_CIRCUIT } from '../../lambdas/core/settings.ts';
import { mostCustomMetrics } from '../../lib/monitoring/custom-metrics.ts';
import { receivedMessage } from '../core/fixtures.ts';
import { consoleLines, type Emf } from './console-lines.ts';
import { brokenRules, emfLines } from './emf-rules.ts';
import { CANARY, everyEvent, intakeStatus, transition } from './every-event.ts';

const CONSUMER = 'shop-orders';
const FORTY = Array.from({ length: 40 }, (_, at) => `dependency-${at}`);
const KEYS = Object.keys(METRIC) as MetricKey[];
const error = { name: 'Error', message: CANARY, fingerprint: 'abcdefabcdef' };
const lookAfter: IntakeEvent = { kind: 'intake-error', consumerId: CONSUMER, operation: 'look', error };

/** Everything that can happen to a consumer of a level, told by its runtime and by the controller. */
function everything(level: Observability, circuits = FORTY) {
  const lines = consoleLines();
  const runtime = powertoolsMetrics(CONSUMER, level);
  for (const event of everyEvent(circuits)) runtime.measure(event);
  runtime.flush();
  const ofRuntime = lines.emf().length;
  const controller = intakeTelemetry([{ consumerId: CONSUMER, observability: level }]);
  controller.emit({ kind: 'intake-status', status: intakeStatus(CONSUMER, circuits) });
  controller.emit(lookAfter);
  controller.flush();
  return { lines, emf: lines.emf(), ofRuntime };
}

/** A custom metric is a name with a set of dimensions: that is what is paid for. */
function customMetrics(emf: readonly Emf[]): ReadonlySet<string> {
  return new Set(
    emf.flatMap(({ dimensions, metrics }) =>
      Object.keys(metrics).map((name) => `${name} ${JSON.stringify(Object.entries(dimensions).sort())}`),
    ),
  );
}

function measured(level: Observability, ...events: PipelineEvent[]) {
  const lines = consoleLines();
  const { measure, flush } = powertoolsMetrics(CONSUMER, level);
  for (const event of events) measure(event);
  flush();
  return lines;
}

describe('full', () => {
  it('is as many metrics as synthesis says that it is at most', () => {
    const { emf } = everything('full');
    const most = {
      observability: 'full',
      circuits: 40,
      intakeControlled: true,
      runTimeConfigured: true,
    } as const;
    expect(customMetrics(emf).size).toBe(mostCustomMetrics(most));
  });

  it('has no metrics of the circuit of the intake, of which others tell', () => {
    const transition = { circuit: INTAKE_CIRCUIT, decidedBy: 'fleet', from: 'open', to: 'closed' } as const;
    const closed = { ...transition, lastError: undefined, retryAtEpochMs: undefined, wasOpenForMs: 9_000 };
    const lines = measured(
      'full',
      { kind: 'circuit-transition', transition: closed },
      { kind: 'circuit-rejected', circuit: INTAKE_CIRCUIT },
    );
    expect([...customMetrics(lines.emf())]).toEqual([`NeedsPerson [["service","${CONSUMER}"]]`]);
  });
});

describe('essential', () => {
  const essential = ESSENTIAL_METRICS.map((key) => METRIC[key]).sort();

  it('is ten metrics with the consumer’s dimension alone, whatever happens', () => {
    const { emf } = everything('essential');
    expect([...new Set(emf.flatMap(({ metrics }) => Object.keys(metrics)))].sort()).toEqual(essential);
    expect(new Set(emf.flatMap(({ dimensions }) => Object.keys(dimensions)))).toEqual(
      new Set([CONSUMER_DIMENSION]),
    );
    expect(customMetrics(emf).size).toBe(10);
  });

  it('is one line of the runtime and one of the controller', () => {
    const { emf, ofRuntime } = everything('essential');
    expect([ofRuntime, emf.length - ofRuntime]).toEqual([1, 1]);
  });

  it('is what the controller emits of a consumer that says nothing', () => {
    const lines = consoleLines();
    const controller = intakeTelemetry([{ consumerId: CONSUMER }]);
    controller.emit({ kind: 'intake-status', status: intakeStatus(CONSUMER, FORTY) });
    controller.flush();
    expect(customMetrics(lines.emf()).size).toBe(4);
  });
});

describe('full', () => {
  it('is every metric, by who is said to emit it', () => {
    const { emf, ofRuntime } = everything('full');
    const namesOf = (some: readonly Emf[]) => [
      ...new Set(some.flatMap(({ metrics }) => Object.keys(metrics))),
    ];
    const by = (from: 'consumer' | 'controller') =>
      KEYS.filter((key) => METRIC_FACTS[key].from.includes(from)).map((key) => METRIC[key]);
    expect(namesOf(emf.slice(0, ofRuntime)).sort()).toEqual(by('consumer').sort());
    expect(namesOf(emf.slice(ofRuntime)).sort()).toEqual(by('controller').sort());
  });

  it.each(KEYS)('has the dimensions and the unit that are said of %s', (key) => {
    const { emf } = everything('full', ['tracker']);
    const { total, by, unit } = METRIC_FACTS[key];
    const own = emf.filter(({ metrics }) => METRIC[key] in metrics);
    const sets = [
      ...(total ? [CONSUMER_DIMENSION] : []),
      ...(by === undefined ? [] : [`${CONSUMER_DIMENSION} ${by}`]),
    ];
    expect([...new Set(own.map(({ dimensions }) => Object.keys(dimensions).join(' ')))].sort()).toEqual(
      sets.sort(),
    );
    expect(new Set(own.map(({ metrics }) => metrics[METRIC[key]]?.[1]))).toEqual(new Set([unit]));
  });

  it('is one line for the totals and one for each value of a dimension', () => {
    const { emf, ofRuntime } = everything('full', ['tracker', 'mailer']);
    const sets = emf.slice(0, ofRuntime).map(({ dimensions }) => JSON.stringify(dimensions));
    expect(new Set(sets).size).toBe(sets.length);
    expect(sets).toContain(JSON.stringify({ service: CONSUMER, circuit: 'mailer' }));
    expect(emf.length - ofRuntime).toBe(3);
  });

  it('keeps to the rules of the format with 40 circuits, each with every policy', () => {
    const lines = emfLines(everything('full').lines.text());
    expect(lines.length).toBeGreaterThan(40);
    expect(lines.flatMap(brokenRules).filter((rule) => !rule.includes(FINGERPRINT_PROPERTY))).toEqual([]);
  });

  it('keeps every value of a batch of 10,000 messages, in lines that keep to the rules', () => {
    const message = receivedMessage({ text: CANARY });
    const count = 10_000;
    const lines = measured(
      'full',
      ...Array.from(
        { length: count },
        (_, at): PipelineEvent => ({
          kind: 'handled',
          message,
          attempt: 2,
          durationMs: at / 3,
          ageMs: at,
          retryingMs: at,
        }),
      ),
      ...Array.from({ length: count }, () => transition('tracker', 'half-open', 'closed', 1_000)),
    );
    const written = emfLines(lines.text());
    expect(written.flatMap(brokenRules)).toEqual([]);
    const emf = lines.emf();
    const valuesOf = (name: string, dimension?: string) =>
      emf
        .filter(({ dimensions }) => dimensions.circuit === dimension)
        .flatMap(({ metrics }) => metrics[name]?.[0] ?? []);
    expect(valuesOf('Handled')).toEqual([count]);
    expect(valuesOf('MessageAge')).toEqual(Array.from({ length: count }, (_, at) => at));
    expect(valuesOf('CircuitRecoveryTime', 'tracker')).toHaveLength(count);
    expect(valuesOf('CircuitTransitions', 'tracker')).toEqual([count]);
    expect(emf.every(({ dimensions }) => dimensions.service === CONSUMER)).toBe(true);
    expect(written.length).toBeLessThan((2 * count) / 90);
  });

  it('counts what a classifier of one’s own made up as UNKNOWN: reasons become dimensions, which are paid for', () => {
    const reason = 'ORDER_42_IS_BAD' as 'UNKNOWN';
    const dead: PipelineEvent = {
      kind: 'dead-lettered',
      message: receivedMessage(),
      reason,
      attempts: 1,
      exhausted: false,
    };
    const byReason = measured('full', dead)
      .emf()
      .filter(({ dimensions }) => 'reason' in dimensions);
    expect(byReason.map(({ dimensions }) => dimensions.reason)).toEqual(['UNKNOWN']);
  });

  it('leaves out what is no number, which CloudWatch would refuse with the whole line', () => {
    const message = receivedMessage();
    const emf = measured('full', {
      kind: 'handled',
      message,
      attempt: 1,
      durationMs: 1,
      ageMs: Number.NaN,
    }).emf();
    expect(emf[0]?.metrics).toMatchObject({ Handled: [1, 'Count'] });
    expect(emf[0]?.metrics).not.toHaveProperty('MessageAge');
  });
});

describe('off', () => {
  it('writes no metrics', () => {
    const { lines } = everything('off');
    expect(emfLines(lines.text())).toEqual([]);
    expect(lines.text()).not.toContain('No application metrics');
  });
});

describe.each(['essential', 'full'] as const)('at the level %s', (level) => {
  it('metrics hold nothing of what messages and errors say', () => {
    const lines = emfLines(everything(level).lines.text());
    expect(lines.filter((line) => line.includes('canary'))).toEqual([]);
  });

  it('each invocation tells whether something needs a person, also when nothing happens', () => {
    const lines = consoleLines();
    const { measure, flush } = powertoolsMetrics(CONSUMER, level);
    measure({ kind: 'settlement-error', operation: 'send', error });
    for (let invocation = 0; invocation < 3; invocation += 1) flush();
    expect(lines.emf().map(({ metrics }) => metrics.NeedsPerson?.[0])).toEqual([1, 0, 0]);
  });

  it.each<[string, readonly IntakeEvent[], number[]]>([
    ['an intake is well', [{ kind: 'intake-status', status: calm() }], [0]],
    ['somebody holds it', [{ kind: 'intake-status', status: calm({ held: true }) }], [1]],
    ['the kill switch holds it', [{ kind: 'intake-status', status: calm({ killSwitch: 'abc' }) }], [1]],
    [
      'a circuit is open',
      [{ kind: 'intake-status', status: calm({ paused: true, pausedForSeconds: 60 }) }],
      [0],
    ],
    ['it cannot be looked after', [{ kind: 'intake-status', status: calm() }, lookAfter], [1]],
    ['nothing is known of it', [lookAfter], [1]],
    ['another consumer’s cannot', [{ ...lookAfter, consumerId: 'other' }], []],
    ['a wake-up could not be ordered', [{ ...lookAfter, consumerId: undefined }], []],
  ])('the controller tells it each minute: %s', (_what, events, expected) => {
    const lines = consoleLines();
    const controller = intakeTelemetry([{ consumerId: CONSUMER, observability: level }]);
    for (const event of events) controller.emit(event);
    controller.flush();
    controller.flush();
    expect(lines.emf().flatMap(({ metrics }) => metrics.NeedsPerson?.[0] ?? [])).toEqual(expected);
  });
});

function calm(overrides: Parameters<typeof intakeStatus>[2] = {}) {
  const quiet = {
    paused: false,
    pausedForSeconds: 0,
    withoutCause: false,
    held: false,
    killSwitch: undefined,
  };
  return intakeStatus(CONSUMER, [], { ...quiet, ...overrides });
}

it('the controller counts circuits by state, and tells the longest that one has been half-open', () => {
  const lines = consoleLines();
  const controller = intakeTelemetry([{ consumerId: CONSUMER, observability: 'full' }]);
  const circuits = new Map([
    ['a', 'half-open'],
    ['b', 'half-open'],
    ['c', 'open'],
    ['d', 'closed'],
  ] as const);
  const halfOpenForSeconds = new Map([
    ['a', 700],
    ['b', 60],
  ]);
  controller.emit({
    kind: 'intake-status',
    status: intakeStatus(CONSUMER, [], { circuits, halfOpenForSeconds }),
  });
  controller.flush();
  const [totals, ...byCircuit] = lines.emf();
  expect(totals?.metrics).toMatchObject({
    CircuitsOpen: [1, 'Count'],
    CircuitsHalfOpen: [2, 'Count'],
    CircuitsClosed: [1, 'Count'],
    CircuitHalfOpenFor: [700, 'Seconds'],
  });
  expect(byCircuit.map(({ metrics }) => metrics.CircuitHalfOpenFor?.[0])).toEqual([700, 60, 0, 0]);
});

it('the line of a kill switch names its fault as a property', () => {
  const { lines } = everything('essential');
  const [line = '{}'] = emfLines(lines.text()).slice(-1);
  expect(JSON.parse(line)).toMatchObject({ [FINGERPRINT_PROPERTY]: 'abcdefabcdef' });
});

it('a policy that belongs to no consumer emits all of what it does, and nothing else', () => {
  const lines = consoleLines();
  const { measure, flush } = policyMetrics('prices');
  measure({ kind: 'call-timed-out', policy: 'prices', afterMs: 5 });
  flush();
  flush();
  expect(lines.emf()).toEqual([
    {
      namespace: 'Spillway',
      dimensions: { service: 'prices', policy: 'prices' },
      metrics: { CallsTimedOut: [1, 'Count'] },
    },
  ]);
});
