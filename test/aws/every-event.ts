import type { CircuitState } from '../../lambdas/core/circuit/circuit.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import type { IntakeStatus } from '../../lambdas/core/intake/events.ts';
import { DEFERRAL_CAUSES, QUARANTINE_REASONS } from '../../lambdas/core/metric-names.ts';
import { FAILURE_REASONS } from '../../lambdas/core/settings.ts';
import { receivedMessage } from '../core/fixtures.ts';

/** Must never be found in a metric. */
export const CANARY = 'canary-payload';

const message = receivedMessage({ text: CANARY, attributes: { secret: CANARY }, correlationId: CANARY });
const error = { name: 'OrderError', message: CANARY, stack: CANARY, fingerprint: 'abcdefabcdef' };
const source = 'parameter';

type EventsByKind = {
  readonly [Kind in PipelineEvent['kind']]: readonly Extract<PipelineEvent, { kind: Kind }>[];
};

/** Every kind of event of a consumer, with every reason and cause, for circuits that all have every policy. */
export function everyEvent(circuits: readonly string[]): readonly PipelineEvent[] {
  const perPolicy = <E extends PipelineEvent>(make: (policy: string) => E): E[] => circuits.map(make);
  const byKind: EventsByKind = {
    handled: [{ kind: 'handled', message, attempt: 3, durationMs: 30, ageMs: 400, retryingMs: 90 }],
    duplicate: [{ kind: 'duplicate', message }],
    empty: [{ kind: 'empty', message }],
    'already-moved': [{ kind: 'already-moved', message }],
    retried: [{ kind: 'retried', message, attempt: 1, reason: 'TIMEOUT', delaySeconds: 5, error }],
    deferred: DEFERRAL_CAUSES.map((cause) => ({
      kind: 'deferred',
      message,
      cause,
      delaySeconds: 5,
      error,
    })),
    'put-back': [{ kind: 'put-back', message, timeToExpiryMs: 5_000 }],
    'dead-lettered': FAILURE_REASONS.map((reason) => ({
      kind: 'dead-lettered',
      message,
      reason,
      attempts: 5,
      exhausted: true,
      error,
      retryingMs: 70,
    })),
    'kill-switch': [{ kind: 'kill-switch', fault: CANARY, error: CANARY, count: 10, begun: 60 }],
    halted: [{ kind: 'halted', message, error }],
    quarantined: QUARANTINE_REASONS.map((reason) => ({
      kind: 'quarantined',
      message,
      reason,
    })),
    'replay-ended': [
      { kind: 'replay-ended', message, handled: true },
      { kind: 'replay-ended', message, handled: false },
    ],
    'store-error': [{ kind: 'store-error', operation: CANARY, error, message }],
    'settlement-error': [{ kind: 'settlement-error', operation: CANARY, error, message }],
    'completion-not-recorded': [{ kind: 'completion-not-recorded', message, error }],
    'environment-given-up': [{ kind: 'environment-given-up' }],
    'tracing-unavailable': [{ kind: 'tracing-unavailable', error }],
    'idempotency-disabled': [{ kind: 'idempotency-disabled' }],
    'classifier-error': [{ kind: 'classifier-error', error }],
    'listener-error': [{ kind: 'listener-error', error }],
    'configuration-applied': [
      { kind: 'configuration-applied', source, version: '1', changes: [], ignored: [CANARY] },
    ],
    'configuration-unchanged': [{ kind: 'configuration-unchanged', source }],
    'configuration-refused': [{ kind: 'configuration-refused', source, version: '2', problems: [] }],
    'configuration-unavailable': [{ kind: 'configuration-unavailable', source, error }],
    'call-retried': perPolicy((policy) => ({ kind: 'call-retried', policy, attempt: 1, delayMs: 5, error })),
    'call-recovered': perPolicy((policy) => ({ kind: 'call-recovered', policy, attempts: 2, totalMs: 5 })),
    'call-retries-exhausted': perPolicy((policy) => ({
      kind: 'call-retries-exhausted',
      policy,
      attempts: 3,
      totalMs: 5,
      stoppedBy: 'attempts',
      error,
    })),
    'call-timed-out': perPolicy((policy) => ({ kind: 'call-timed-out', policy, afterMs: 5 })),
    'call-rate-limited': perPolicy((policy) => ({ kind: 'call-rate-limited', policy, retryAfterMs: 5 })),
    'bulkhead-full': perPolicy((policy) => ({ kind: 'bulkhead-full', policy })),
    'concurrency-cut': perPolicy((policy) => ({ kind: 'concurrency-cut', policy, limit: 7 })),
    'fallback-used': perPolicy((policy) => ({ kind: 'fallback-used', policy, error })),
    'circuit-rejected': perPolicy((circuit) => ({ kind: 'circuit-rejected', circuit })),
    'circuit-call': circuits.flatMap((circuit) => [
      { kind: 'circuit-call', circuit, failed: false } as const,
      { kind: 'circuit-call', circuit, failed: true } as const,
    ]),
    'circuit-transition': circuits.flatMap((circuit) => [
      transition(circuit, 'closed', 'open'),
      transition(circuit, 'open', 'half-open'),
      transition(circuit, 'half-open', 'closed', 90_000),
    ]),
  };
  return Object.values(byKind).flat();
}

/** A change of a circuit's state. */
export function transition(
  circuit: string,
  from: CircuitState,
  to: CircuitState,
  wasOpenForMs?: number,
): Extract<PipelineEvent, { kind: 'circuit-transition' }> {
  const decided = { decidedBy: 'fleet', lastError: CANARY, retryAtEpochMs: 5, wasOpenForMs } as const;
  return { kind: 'circuit-transition', transition: { circuit, from, to, ...decided } };
}

/** What the intake controller finds of a consumer with these circuits, the first of which is half-open. */
export function intakeStatus(
  consumerId: string,
  circuits: readonly string[],
  overrides: Partial<IntakeStatus> = {},
): IntakeStatus {
  const half = circuits.slice(0, 1);
  return {
    consumerId,
    paused: true,
    pausedForSeconds: 300,
    withoutCause: true,
    held: true,
    killSwitch: 'abcdefabcdef',
    circuits: new Map([
      ...circuits.map((name, at) => [name, at % 2 === 0 ? 'closed' : 'open'] as const),
      ...half.map((name) => [name, 'half-open'] as const),
    ]),
    halfOpenForSeconds: new Map(half.map((name) => [name, 120])),
    ...overrides,
  };
}
