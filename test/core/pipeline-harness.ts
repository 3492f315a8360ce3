import { randomUUID } from 'node:crypto';
import { attemptNotes } from '../../lambdas/core/attempt-notes.ts';
import type { Circuit } from '../../lambdas/core/circuit/circuit.ts';
import { localCircuit } from '../../lambdas/core/circuit/local-circuit.ts';
import { memoryCircuits } from '../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../lambdas/core/circuit/shared-circuit.ts';
import type { CircuitStore } from '../../lambdas/core/circuit/shared-item.ts';
import { classifyError } from '../../lambdas/core/classifier.ts';
import type { HandlerContext } from '../../lambdas/core/context.ts';
import { intakeCircuitSettings, intakeGate } from '../../lambdas/core/intake-gate.ts';
import { type Invocation, startInvocation } from '../../lambdas/core/invocation.ts';
import type { DeadLetterCounts } from '../../lambdas/core/kill-switch.ts';
import type { QueueMessage } from '../../lambdas/core/message.ts';
import type { SettingsInput } from '../../lambdas/core/parse-settings.ts';
import { createPipeline, type KnownRecord, type PipelineParts } from '../../lambdas/core/pipeline.ts';
import { type MessageRecords, NO_RECORD } from '../../lambdas/core/records.ts';
import { formatCheck } from '../../lambdas/core/screening/format-check.ts';
import type { ConsumerSettings } from '../../lambdas/core/settings.ts';
import type { MoveVerdict, PutBackVerdict, Verdict } from '../../lambdas/core/verdict.ts';
import {
  consumerSettings,
  eventLog,
  type FakeClock,
  fakeClock,
  fakeGuard,
  fakeRecords,
  memoryCounts,
  queueMessage,
  silent,
} from './fixtures.ts';

/** What a test may replace. */
export interface PipelineOptions extends Partial<Omit<PipelineParts, 'settings' | 'handle'>> {
  readonly records?: MessageRecords;
  readonly settings?: SettingsInput<ConsumerSettings>;
  readonly clock?: FakeClock;
  /** Where the circuit of the intake is kept, and what the kill switch counts by: of several environments the same. */
  readonly circuitStore?: CircuitStore;
  readonly counts?: DeadLetterCounts;
  readonly handle?: (payload: { readonly order: string }, context: HandlerContext) => unknown;
}

/** A function of 30 s: handlers are stopped after 27 s and left behind after 28 s. */
export const FUNCTION_MS = 30_000;
export const HANDLER_MS = 27_000;

/** A pipeline with every port in memory. */
export function pipelineHarness(options: PipelineOptions = {}) {
  const { clock = fakeClock(), circuitStore = memoryCircuits() } = options;
  const { emit, events, kinds } = eventLog();
  const guard = fakeGuard(clock);
  const settings = consumerSettings({
    backoff: { kind: 'fixed', firstDelayMs: 5_000 },
    ...options.settings,
  });
  const circuits = new Map<string, Circuit>(
    Object.entries(settings.circuits).map(([name, each]) => [
      name,
      localCircuit({ name, settings: each, clock, random: () => 0.5 }),
    ]),
  );
  const intake = sharedCircuit({
    name: 'intake',
    key: 'circuit#intake',
    settings: intakeCircuitSettings(settings),
    store: circuitStore,
    clock,
    random: () => 0.5,
    newToken: () => randomUUID(),
    onTransition: (transition) => emit({ kind: 'circuit-transition', transition }),
  });
  const starts = attemptNotes({ settings, records: options.records ?? fakeRecords(), emit, clock });
  const counts = options.counts ?? memoryCounts();
  const handled: string[] = [];
  const parts: PipelineParts = {
    screening: { envelope: 'raw', before: [], checks: [formatCheck()] },
    circuits,
    policies: new Map(),
    gate: intakeGate({
      settings,
      intake,
      counts,
      starts,
      emit: options.emit ?? emit,
      clock,
      random: () => 0,
    }),
    guard,
    classify: (error) => classifyError(error, clock.now()),
    keyOf: (payload) => (payload as { order: string }).order,
    starts,
    loggerFor: () => silent,
    emit,
    clock,
    random: () => 0,
    ...options,
    settings,
    handle(payload, context) {
      const order = payload as { order: string };
      handled.push(order.order);
      return options.handle?.(order, context);
    },
  };
  const pipeline = createPipeline(parts);
  const invocations: Invocation[] = [];
  const invoke = (remainingMs = FUNCTION_MS): Invocation => {
    const invocation = startInvocation(clock, remainingMs);
    invocations.push(invocation);
    return invocation;
  };
  const take = (
    message: Partial<QueueMessage> = {},
    record: KnownRecord = NO_RECORD,
    invocation = invoke(),
    alone = false,
  ): Promise<Verdict> => pipeline(queueMessage(message), record, invocation, alone);
  return {
    clock,
    events,
    kinds,
    guard,
    circuits,
    intake,
    counts,
    handled,
    parts,
    pipeline,
    invoke,
    take,
    settings,
  };
}

/** The verdict as somebody who puts the message back, with its event. */
export function putBack(verdict: Verdict) {
  if (verdict.kind !== 'put-back') throw new Error(`the verdict is ${verdict.kind}`);
  const { delayMs, record, announce }: PutBackVerdict = verdict;
  const event = announce(Math.ceil(delayMs / 1_000));
  const cause = event.kind === 'deferred' ? event.cause : undefined;
  return { delayMs, attempts: record?.attempts, record, event: event.kind, cause };
}

/** The verdict as a move. */
export function moved(verdict: Verdict): MoveVerdict {
  if (verdict.kind !== 'move') throw new Error(`the verdict is ${verdict.kind}`);
  return verdict;
}

/** The error of a dependency that is down. */
export function outage(fields: object = {}): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', ...fields });
}

/** A record of failed attempts. */
export function recordOf(
  attempts: number,
  reason: 'EXTERNAL_SERVICE_ERROR' | 'TIMEOUT' = 'EXTERNAL_SERVICE_ERROR',
) {
  const first = 1_699_999_000_000;
  const history = Array.from({ length: attempts }, (_, at) => {
    return { at: first + at, reason, error: 'Error', fingerprint: 'abcdefabcdef' };
  });
  return { attempts, history, firstAttemptAt: first };
}
