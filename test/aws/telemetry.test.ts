import { describe, expect, it } from 'vitest';
import { powertoolsTelemetry } from '../../lambdas/aws/telemetry.ts';
import { policyMetrics } from '../../lambdas/aws/telemetry-metrics.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import { METRIC } from '../../lambdas/core/metric-names.ts';
import { receivedMessage } from '../core/fixtures.ts';
import { consoleLines } from './console-lines.ts';

const message = receivedMessage({
  text: 'canary-payload',
  attributes: { secret: 'canary-attribute' },
  correlationId: 'c-1',
  stableId: 's-1',
  trace: { traceId: '5759e988bd862e3fe1be46a994272793' },
});
const error = {
  name: 'OrderError',
  message: 'canary-error',
  stack: 'canary-stack',
  fingerprint: 'abcdefabcdef',
};
const consumer = { service: 'shop-orders' };
const one = [1, 'Count'];

const transition = (
  from: 'closed' | 'open' | 'half-open',
  to: 'closed' | 'open' | 'half-open',
): PipelineEvent => ({
  kind: 'circuit-transition',
  transition: {
    circuit: 'tracker',
    decidedBy: 'fleet',
    from,
    to,
    lastError: 'canary-error',
    retryAtEpochMs: 5,
  },
});

function told(...events: PipelineEvent[]) {
  const lines = consoleLines();
  const telemetry = powertoolsTelemetry('shop-orders', policyMetrics('shop-orders'));
  for (const event of events) telemetry.emit(event);
  telemetry.flush();
  return lines;
}

const cases: readonly [
  PipelineEvent,
  Record<string, readonly unknown[]>,
  ([string, string, string] | undefined)?,
][] = [
  [
    { kind: 'handled', message, attempt: 2, durationMs: 30, ageMs: 400 },
    {
      Handled: one,
      Attempts: [2, 'Count'],
      MessageAge: [400, 'Milliseconds'],
      HandlerDuration: [30, 'Milliseconds'],
      Recovered: one,
    },
  ],
  [{ kind: 'duplicate', message }, { Duplicates: one }],
  [{ kind: 'retried', message, attempt: 1, reason: 'TIMEOUT', delaySeconds: 5, error }, { Retried: one }],
  [
    { kind: 'deferred', message, cause: 'circuit-open', delaySeconds: 5 },
    { Deferred: one },
    ['Deferred', 'cause', 'circuit-open'],
  ],
  [
    {
      kind: 'dead-lettered',
      message,
      reason: 'EXTERNAL_SERVICE_ERROR',
      attempts: 5,
      exhausted: true,
      error,
    },
    { DeadLettered: one, Attempts: [5, 'Count'], RetriesExhausted: one },
    ['DeadLettered', 'reason', 'EXTERNAL_SERVICE_ERROR'],
  ],
  [
    { kind: 'dead-lettered', message, reason: 'EXPIRED', attempts: 0, exhausted: false },
    { DeadLettered: one },
    ['DeadLettered', 'reason', 'EXPIRED'],
  ],
  [
    { kind: 'quarantined', message, reason: 'SIGNATURE_INVALID' },
    { Quarantined: one },
    ['Quarantined', 'reason', 'SIGNATURE_INVALID'],
  ],
  [
    { kind: 'store-error', operation: 'load', error: { ...error, message: 'throttled' } },
    { StoreErrors: one },
  ],
  [
    { kind: 'completion-not-recorded', message, error: { ...error, message: 'throttled' } },
    { StoreErrors: one },
  ],
  [
    { kind: 'settlement-error', operation: 'send', error: { ...error, message: 'refused' } },
    { SettlementFailures: one },
  ],
];

describe('metrics', () => {
  it.each(cases)('count $kind', (event, totals, broken) => {
    const emf = told(event).emf();
    expect(emf[0]).toEqual({ namespace: 'Spillway', dimensions: consumer, metrics: totals });
    if (broken === undefined) {
      expect(emf).toHaveLength(1);
      return;
    }
    const [metric, dimension, value] = broken;
    expect(emf.slice(1)).toEqual([
      { namespace: 'Spillway', dimensions: { ...consumer, [dimension]: value }, metrics: { [metric]: one } },
    ]);
  });

  it('count the calls that a circuit refused, by circuit', () => {
    const refused: PipelineEvent = { kind: 'circuit-rejected', circuit: 'tracker' };
    expect(told(refused, refused).emf()).toEqual([
      {
        namespace: 'Spillway',
        dimensions: { ...consumer, circuit: 'tracker' },
        metrics: { CircuitRejected: [2, 'Count'] },
      },
    ]);
  });

  it.each<[string, PipelineEvent[], number, number | undefined]>([
    ['opened', [transition('closed', 'open')], 1, 1],
    ['is probed', [transition('open', 'half-open')], 1, undefined],
    ['opened again', [transition('open', 'half-open'), transition('half-open', 'open')], 1, 1],
    ['closed', [transition('open', 'half-open'), transition('half-open', 'closed')], 0, undefined],
  ])('show a circuit that %s as it is in the end', (_what, events, open, opened) => {
    const emf = told(...events).emf();
    const lastOf = (name: string) => emf.find(({ metrics }) => name in metrics)?.metrics[name]?.[0];
    expect([lastOf(METRIC.circuitOpen), lastOf(METRIC.circuitOpened)]).toEqual([open, opened]);
  });

  it('are written once, and nothing at all where there are none', () => {
    const lines = consoleLines();
    const telemetry = powertoolsTelemetry('shop-orders', policyMetrics('shop-orders'));
    telemetry.emit({ kind: 'duplicate', message });
    telemetry.flush();
    telemetry.emit({ kind: 'idempotency-disabled' });
    telemetry.flush();
    expect(lines.emf()).toHaveLength(1);
    expect(lines.text()).not.toContain('No application metrics');
  });
});

describe('log lines', () => {
  it.each(cases.map(([event]) => event))(
    'of $kind hold neither payload nor what the handler’s error says',
    (event) => {
      expect(told(event).text()).not.toContain('canary');
    },
  );

  it('of circuits hold no error message', () => {
    expect(told(transition('closed', 'open')).text()).not.toContain('canary');
  });

  it('tell an error by name and fingerprint, and the message by its ids', () => {
    const event: PipelineEvent = {
      kind: 'retried',
      message,
      attempt: 1,
      reason: 'TIMEOUT',
      delaySeconds: 5,
      error,
    };
    expect(told(event).logs()).toMatchObject([
      {
        level: 'WARN',
        message: 'attempt failed',
        service: 'shop-orders',
        correlation_id: 'c-1',
        message_id: message.messageId,
        stable_id: 's-1',
        trace_id: '5759e988bd862e3fe1be46a994272793',
        reason: 'TIMEOUT',
        delay_seconds: 5,
        error_name: 'OrderError',
        fingerprint: 'abcdefabcdef',
      },
    ]);
  });

  it('name the fault that the kill switch found, and its share', () => {
    const event: PipelineEvent = {
      kind: 'kill-switch',
      fault: 'abcdefabcdef',
      error: 'TypeError',
      count: 10,
      begun: 60,
    };
    expect(told(event).logs()).toMatchObject([
      {
        level: 'ERROR',
        message: 'kill switch',
        fingerprint: 'abcdefabcdef',
        error_name: 'TypeError',
        count: 10,
        begun: 60,
        share: 0.167,
      },
    ]);
  });

  it('name the message that a queue halts at, and nothing that it says', () => {
    const lines = told({ kind: 'halted', message, error });
    expect(lines.logs()).toMatchObject([
      {
        level: 'ERROR',
        message: 'halted',
        message_id: message.messageId,
        stable_id: 's-1',
        error_name: 'OrderError',
        fingerprint: 'abcdefabcdef',
      },
    ]);
    expect(lines.text()).not.toContain('canary');
  });

  it.each(['internal-error', 'misconfigured'] as const)('tell our own faults in full: %s', (cause) => {
    const event: PipelineEvent = { kind: 'deferred', message, cause, delaySeconds: 15, error };
    expect(told(event).logs()).toMatchObject([{ level: 'ERROR', cause, error_message: 'canary-error' }]);
  });

  it('of the handler carry the message’s ids', () => {
    const lines = consoleLines();
    powertoolsTelemetry('shop-orders', policyMetrics('shop-orders'))
      .loggerFor(message)
      .info('hello', { order: '42' });
    expect(lines.logs()).toMatchObject([
      { message: 'hello', order: '42', correlation_id: 'c-1', message_id: message.messageId },
    ]);
  });
});
