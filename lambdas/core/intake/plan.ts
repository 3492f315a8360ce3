import { type DesiredIntake, desiredIntake, type NeededCircuit } from './desired.ts';
import { type EventSourceChange, type EventSourceStatus, LEAST_CONCURRENCY } from './event-source.ts';
import type { IntakeEvent } from './events.ts';
import type { IntakeMarker } from './intake-table.ts';
import type { ControlledConsumer } from './settings.ts';

/** What is known of a consumer and its event source. */
export interface IntakeFacts {
  readonly consumer: ControlledConsumer;
  readonly circuits: readonly NeededCircuit[];
  readonly marker: IntakeMarker | undefined;
  readonly source: EventSourceStatus;
  readonly now: number;
}

/** One step on the way from what is to what should be. */
export type IntakeStep =
  | { readonly kind: 'mark'; readonly marker: Omit<IntakeMarker, 'revision'> | undefined }
  | { readonly kind: 'change'; readonly change: EventSourceChange; readonly event: IntakeEvent }
  /** Look again at a moment. Epoch milliseconds. */
  | { readonly kind: 'look-again'; readonly at: number };

/** What is to be done about a consumer's event source. */
export interface IntakePlan {
  readonly desired: DesiredIntake;
  /** In this order; a run that ends between any two leaves what the next run makes good. */
  readonly steps: readonly IntakeStep[];
}

/** Lambda is asked again after this long whether a change has taken effect. Milliseconds. */
export const LOOK_AGAIN_MS = 5_000;

/**
 * A source that we enabled and that is disabled was disabled by somebody else. Not so soon after we did: what Lambda
 * says of it may be older than that, and a change of ours may have hung for as long as the SDK tries. Milliseconds.
 */
export const SETTLED_MS = 120_000;

/**
 * What to do about a consumer's event source. It is paused only after the marker says so, and opened only while the
 * marker does: a source that somebody else disabled stays disabled. How far it is opened comes from the settings and
 * from the marker, never from what it was found at.
 *
 * @param rampStepMs time between two steps on the way back to full concurrency. Milliseconds
 */
export function planIntake(facts: IntakeFacts, rampStepMs: number): IntakePlan {
  const { consumer, circuits, source, now } = facts;
  // A marker of the mapping that a deployment replaced says nothing about the new one.
  const marker = facts.marker?.mappingId === consumer.mappingId ? facts.marker : undefined;
  const desired = desiredIntake(consumer, circuits, marker, now);
  const plan = (...steps: readonly IntakeStep[]): IntakePlan => ({ desired, steps });
  const forget = (): IntakePlan =>
    facts.marker === undefined ? plan() : plan({ kind: 'mark', marker: undefined });
  const mark: Mark = (phase, fields = {}) => ({
    kind: 'mark',
    marker: {
      mappingId: consumer.mappingId,
      phase,
      pausedAt: marker?.pausedAt ?? now,
      since: now,
      ...fields,
    },
  });

  if (source.state === 'Deleting') return plan();
  if (source.state !== 'Enabled' && source.state !== 'Disabled') {
    const matters = marker !== undefined || desired.kind !== 'full';
    return matters ? plan(lookAgain(now + LOOK_AGAIN_MS)) : plan();
  }
  const enabled = source.state === 'Enabled';
  if (!enabled && marker === undefined) return forget(); // not ours: somebody else disabled it
  if (!enabled && marker !== undefined && marker.phase !== 'paused') {
    if (now - marker.since < SETTLED_MS) return plan(lookAgain(now + LOOK_AGAIN_MS));
    return forget();
  }

  const wasOpen = marker?.phase === 'ramping' || marker?.phase === 'settling';
  const anew = wasOpen ? { pausedAt: now } : {};
  switch (desired.kind) {
    case 'paused': {
      const look = lookAgain(desired.until);
      if (!enabled) return plan(look);
      const marks = marker?.phase === 'paused' ? [] : [mark('paused', anew)];
      return plan(...marks, pause(consumer, desired.causes), look);
    }
    case 'gentle': {
      if (marker === undefined) return forget();
      const look = desired.until === undefined ? [] : [lookAgain(desired.until)];
      const changes = openTo(facts, marker, LEAST_CONCURRENCY, desired.why);
      if (marker.phase === 'gentle') return plan(...changes, ...look);
      return plan(...changes, mark('gentle', { concurrency: LEAST_CONCURRENCY, ...anew }), ...look);
    }
    case 'full':
      return marker === undefined
        ? forget()
        : { desired, steps: backToFull(facts, marker, mark, rampStepMs) };
  }
}

type Mark = (phase: IntakeMarker['phase'], fields?: Partial<IntakeMarker>) => IntakeStep;

/** The steps from a pause back to what the source is set to. */
function backToFull(
  facts: IntakeFacts,
  marker: IntakeMarker,
  mark: Mark,
  rampStepMs: number,
): readonly IntakeStep[] {
  const { consumer, now } = facts;
  const { maxConcurrency: target } = consumer;
  if (marker.phase === 'settling') {
    const changes = openTo(facts, marker, target, 'full');
    const settled = marker.since + SETTLED_MS;
    if (changes.length > 0 || now < settled)
      return [...changes, lookAgain(Math.max(settled, now + LOOK_AGAIN_MS))];
    return [{ kind: 'mark', marker: undefined }];
  }
  const due = marker.since + rampStepMs;
  if (marker.phase === 'ramping' && now < due) return [lookAgain(due)];
  // After a pause the first to come in are few; after a probe that went well, more.
  const { concurrency } = marker;
  const next = concurrency === undefined ? LEAST_CONCURRENCY : concurrency * 2;
  if (next >= (target ?? MOST_LIMITED)) {
    return [...openTo(facts, marker, target, 'full'), mark('settling'), lookAgain(now + SETTLED_MS)];
  }
  const changes = openTo(facts, marker, next, 'ramp');
  return [...changes, mark('ramping', { concurrency: next }), lookAgain(now + rampStepMs)];
}

/** Beyond this an event source without a limit is given none. Invocations at a time. */
const MOST_LIMITED = 64;

function lookAgain(at: number): IntakeStep {
  return { kind: 'look-again', at };
}

function pause({ consumerId }: ControlledConsumer, causes: readonly string[]): IntakeStep {
  return { kind: 'change', change: { enabled: false }, event: { kind: 'intake-paused', consumerId, causes } };
}

/**
 * Open a source to so many invocations at a time; nothing to do if it is. One that is marked as paused is enabled whatever
 * Lambda said of it: that may have been before it was paused.
 */
function openTo(
  { consumer, source }: IntakeFacts,
  { phase }: IntakeMarker,
  concurrency: number | undefined,
  why: Extract<IntakeEvent, { kind: 'intake-opened' }>['why'],
): IntakeStep[] {
  const enabled = source.state === 'Enabled' && phase !== 'paused';
  const limited = source.maximumConcurrency === concurrency;
  if (enabled && limited) return [];
  const change = {
    ...(enabled ? {} : { enabled: true }),
    ...(limited ? {} : { maximumConcurrency: concurrency ?? null }),
  };
  const { consumerId } = consumer;
  return [{ kind: 'change', change, event: { kind: 'intake-opened', consumerId, why, concurrency } }];
}
