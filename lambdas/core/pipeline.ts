import { createHash } from 'node:crypto';
import type { AttemptNotes } from './attempt-notes.ts';
import type { Circuit } from './circuit/circuit.ts';
import { type CircuitSession, circuitSession } from './circuit/circuit-session.ts';
import type { Classification } from './classifier.ts';
import type { Clock, Random } from './clock.ts';
import type { HandlerContext, Logger } from './context.ts';
import { CLOCK_SKEW_MS, pastOf } from './crash.ts';
import { trackEffect } from './effect.ts';
import { isInstance } from './error-shape.ts';
import { ConfigurationError, HandlerTimeoutError, PermanentError } from './errors.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import { wasReplayed } from './failure-envelope.ts';
import { type FailureJudge, failureJudge } from './failure-judge.ts';
import type { IdempotencyGuard, IdempotentOutcome } from './idempotency.ts';
import type { IntakeGate } from './intake-gate.ts';
import { type Invocation, reasonOfAbort } from './invocation.ts';
import type { QueueMessage, ReceivedMessage } from './message.ts';
import type { CallPolicies } from './policies/call-policies.ts';
import { type MessageRecord, NO_RECORD } from './records.ts';
import { type ScreenOptions, screen, wrappedMessage } from './screening/screen.ts';
import { type ConsumerSettings, DEFAULT_CIRCUIT } from './settings.ts';
import { defer, type Verdict } from './verdict.ts';
import { untilAnswered } from './waiting.ts';

/** What a pipeline is made of. */
export interface PipelineParts {
  readonly settings: ConsumerSettings;
  readonly screening: ScreenOptions;
  readonly circuits: ReadonlyMap<string, Circuit>;
  /** What else stands around the calls through them; those that have nothing are missing. */
  readonly policies: ReadonlyMap<string, CallPolicies>;
  /** Stands before the attempts, and before the dead-letter queue. */
  readonly gate: IntakeGate;
  readonly guard: IdempotencyGuard;
  readonly classify: (error: unknown) => Classification;
  /** Notes of attempts, from the second receive on. */
  readonly starts: AttemptNotes;
  /** Idempotency key of a message that passed screening; what it throws is judged like a handler's error. */
  readonly keyOf: (payload: unknown, message: ReceivedMessage) => string;
  readonly handle: (payload: unknown, context: HandlerContext) => unknown;
  readonly loggerFor: (message: ReceivedMessage) => Logger;
  /** Stands around each call through a circuit, policies included, and sees how it goes. @default - nobody does */
  readonly watchCall?: <T>(circuit: string, call: () => Promise<T>) => Promise<T>;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly random: Random;
}

/** What is known of a message's past: nothing to know, a record, or no answer from the store. */
export type KnownRecord = MessageRecord | 'unavailable';

/** Takes one message from receive to verdict. */
export type Pipeline = (
  message: QueueMessage,
  record: KnownRecord,
  invocation: Invocation,
  /** Whether no other message is being handled meanwhile. */
  alone: boolean,
) => Promise<Verdict>;

/** Put back for this long when Spillway itself or its configuration is at fault. Milliseconds. */
const FAULT_DELAY_MS = 15_000;

/**
 * The life of a message: expiry, screening, budget, intake, circuits, idempotency, handler. Never rejects: a fault of the
 * pipeline itself puts the message back without a charge.
 */
export function createPipeline(parts: PipelineParts): Pipeline {
  const judge = failureJudge(parts);
  const inFlight = new Map<string, Promise<unknown>>();
  return async (message, record, invocation, alone) => {
    try {
      return await take(parts, judge, inFlight, message, record, invocation, alone);
    } catch (error) {
      return defer(wrappedMessage(message), 'internal-error', FAULT_DELAY_MS, summarizeError(error));
    }
  };
}

async function take(
  parts: PipelineParts,
  judge: FailureJudge,
  inFlight: Map<string, Promise<unknown>>,
  source: QueueMessage,
  known: KnownRecord,
  invocation: Invocation,
  alone: boolean,
): Promise<Verdict> {
  const { settings, emit, clock, gate } = parts;
  const record = known === 'unavailable' ? NO_RECORD : known;
  if (record.movedTo !== undefined) {
    emit({ kind: 'already-moved', message: wrappedMessage(source) });
    return { kind: 'done' };
  }
  if (record.pendingMove !== undefined) return judge.resumeMove(wrappedMessage(source), record.pendingMove);
  const historyUnknown = known === 'unavailable';
  if (clock.now() >= source.sentAtEpochMs + settings.retryUntilSeconds * 1_000) {
    return { ...judge.expired(wrappedMessage(source), record), historyUnknown };
  }
  const screening = await Promise.race([screen(source, parts.screening), invocation.gaveUp]);
  if (screening === 'gave-up')
    return defer(wrappedMessage(source), 'check-unavailable', untilAnswered(parts.random));
  const { message } = screening;
  if (screening.kind === 'rejected') {
    return { ...judge.poison(message, record, screening.rejection), historyUnknown };
  }
  if (screening.kind === 'empty') {
    emit({ kind: 'empty', message });
    return { kind: 'done' };
  }
  if (screening.kind === 'unavailable') {
    return defer(message, 'check-unavailable', untilAnswered(parts.random), summarizeError(screening.error));
  }
  if (known === 'unavailable') return defer(message, 'store-unavailable', untilAnswered(parts.random));
  const past = pastOf(record, clock.now());
  if (past.kind === 'under-way') return judge.inProgress(message, past.untilEpochMs);
  if (judge.isUsedUp(past.record)) {
    return gate.turnAway(message, judge.usedUp(message, past.record), invocation.remainingMs());
  }
  if (invocation.signal.aborted) return defer(message, 'no-time-left', 0);
  const passage = await gate.enter(message, invocation.remainingMs());
  if (passage.kind === 'put-back') return passage;
  try {
    const { payload } = screening;
    const verdict = await attempt(parts, judge, inFlight, message, payload, past.record, invocation, alone);
    const handled = verdict.kind === 'done' && verdict.handled === true;
    if (handled && wasReplayed(source)) emit({ kind: 'replay-ended', message, handled });
    return await passage.leave(verdict);
  } finally {
    await passage.close();
  }
}

async function attempt(
  parts: PipelineParts,
  judge: FailureJudge,
  inFlight: Map<string, Promise<unknown>>,
  message: ReceivedMessage,
  payload: unknown,
  record: MessageRecord,
  invocation: Invocation,
  alone: boolean,
): Promise<Verdict> {
  const { circuits, policies, classify, clock, emit, guard, starts } = parts;
  let key: string;
  try {
    key = parts.keyOf(payload, message);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      return defer(message, 'misconfigured', FAULT_DELAY_MS, summarizeError(error));
    }
    const cause = error instanceof PermanentError ? error : unusableKey(error);
    return judge.failed(message, record, cause, []);
  }
  let fair = true;
  const session = circuitSession({
    circuits,
    policies,
    classify: (error) => {
      const classification = classify(error);
      return fair || !isInstance(error, HandlerTimeoutError)
        ? classification
        : { ...classification, dependency: false };
    },
    signal: invocation.signal,
    onRejected: (circuit) => emit({ kind: 'circuit-rejected', circuit }),
    now: clock.now,
    remainingMs: invocation.remainingMs,
    handlerMs: invocation.handlerMs,
  });
  const refusal = await session.admit();
  if (refusal !== undefined) return judge.refused(message, refusal);
  try {
    for (let earlier = inFlight.get(key); earlier !== undefined; earlier = inFlight.get(key)) {
      if ((await Promise.race([earlier, invocation.gaveUp])) === 'gave-up') break;
    }
    if (invocation.signal.aborted) return defer(message, 'no-time-left', 0);

    const start = { endsBy: invocation.endsAt, alone };
    const startedAt = clock.now();
    fair = invocation.wasFairStart(startedAt);
    const attemptNumber = record.attempts + 1;
    const context = handlerContext(parts, session, message, key, attemptNumber, invocation);
    const effect = trackEffect(() => callHandler(parts, session, payload, context), invocation.signal);
    const run = starts
      .begin(message, record, start)
      // For somebody whose clock is fast the lock ends early: it must not while this handler may still run.
      .then(() => guard.run(key, invocation.remainingMs() + CLOCK_SKEW_MS, effect.run));
    inFlight.set(key, run);
    const ended = await Promise.race([run, invocation.gaveUp]).finally(() => {
      if (inFlight.get(key) === run) inFlight.delete(key);
    });
    const outcome = ended === 'gave-up' ? effect.soFar() : ended;
    if (outcome === 'running') invocation.abandon();
    await starts.end(message);
    if (outcome !== 'running' && outcome.kind === 'failed' && !effect.started()) {
      return defer(message, 'no-time-left', 0);
    }
    const verdict = await conclude(parts, judge, message, record, session, outcome, startedAt);
    return timedOut(outcome) && !fair ? defer(message, 'no-time-left', 0) : verdict;
  } finally {
    await session.close();
  }
}

function timedOut(outcome: IdempotentOutcome | 'running'): boolean {
  if (outcome === 'running') return true;
  return outcome.kind === 'failed' && isInstance(outcome.error, HandlerTimeoutError);
}

/** Without circuits of its own, a consumer has one that the handler's outcome feeds. */
async function callHandler(
  parts: PipelineParts,
  session: CircuitSession,
  payload: unknown,
  context: HandlerContext,
): Promise<void> {
  const startedAt = parts.clock.now();
  try {
    await parts.handle(payload, context);
  } catch (error) {
    const thrown = reasonOfAbort(error, context.signal);
    await session.reportWhole(DEFAULT_CIRCUIT, { thrown });
    // What a time-out or a repetition left behind may still have its effect: until it has ended, the lock stays.
    await session.settled();
    throw thrown;
  }
  await session.reportWhole(DEFAULT_CIRCUIT, { tookMs: parts.clock.now() - startedAt });
}

async function conclude(
  parts: PipelineParts,
  judge: FailureJudge,
  message: ReceivedMessage,
  record: MessageRecord,
  session: CircuitSession,
  outcome: IdempotentOutcome | 'running',
  startedAt: number,
): Promise<Verdict> {
  const { clock, emit } = parts;
  if (outcome === 'running') {
    const error = new HandlerTimeoutError(clock.now() - startedAt);
    await session.abandon(error);
    await session.reportWhole(DEFAULT_CIRCUIT, { thrown: error });
    return judge.failed(message, record, error, session.failures);
  }
  switch (outcome.kind) {
    case 'completed': {
      if (outcome.recordError !== undefined) {
        emit({ kind: 'completion-not-recorded', message, error: summarizeError(outcome.recordError) });
      }
      const now = clock.now();
      const ageMs = Math.max(0, now - message.sentAtEpochMs);
      const { attempts, firstAttemptAt } = record;
      const retryingMs = firstAttemptAt === undefined ? undefined : Math.max(0, now - firstAttemptAt);
      emit({
        kind: 'handled',
        message,
        attempt: attempts + 1,
        durationMs: now - startedAt,
        ageMs,
        ...(retryingMs === undefined ? {} : { retryingMs }),
      });
      return { kind: 'done', handled: true };
    }
    case 'failed':
      if (outcome.recordError !== undefined) {
        emit({
          kind: 'store-error',
          operation: 'release the idempotency lock',
          error: summarizeError(outcome.recordError),
          message,
        });
      }
      return judge.failed(message, record, outcome.error, session.failures);
    case 'duplicate':
      emit({ kind: 'duplicate', message });
      return { kind: 'done' };
    case 'in-progress':
      return judge.inProgress(message, outcome.untilEpochMs);
    case 'unavailable':
      emit({
        kind: 'store-error',
        operation: 'take the idempotency lock',
        error: summarizeError(outcome.error),
        message,
      });
      return defer(message, 'store-unavailable', untilAnswered(parts.random));
  }
}

function handlerContext(
  parts: PipelineParts,
  session: CircuitSession,
  message: ReceivedMessage,
  key: string,
  attemptNumber: number,
  invocation: Invocation,
): HandlerContext {
  const { watchCall = (_circuit, call) => call() } = parts;
  return {
    signal: invocation.signal,
    attempt: attemptNumber,
    idempotencyKey: createHash('sha256').update(key).digest('hex'),
    message,
    trace: message.trace,
    get logger() {
      return parts.loggerFor(message);
    },
    circuit: (name) => ({ call: (operation) => watchCall(name, () => session.call(name, operation)) }),
    remainingMs: () => invocation.handlerMs(),
  };
}

function unusableKey(cause: unknown): PermanentError {
  return new PermanentError('the idempotency key cannot be computed', { reason: 'INVALID_DATA', cause });
}
