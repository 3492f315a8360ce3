import type { Clock } from '../clock.ts';
import { causes, isInstance } from '../error-shape.ts';
import { RefusedError } from '../errors.ts';
import type { EventSink } from '../events.ts';
import type { Policy } from './policy.ts';
import { quiet } from './quiet-sink.ts';
import type { AdaptiveConcurrencySettings } from './settings.ts';
import { type SlotLineStatistics, slotLine } from './slot-line.ts';
import { type SlotCalls, slotCalls } from './slots.ts';

/** What happened at a limit that is found by itself, and where it stands. */
export interface AdaptiveConcurrencyStatistics extends SlotLineStatistics {
  /** Calls that may be under way now. */
  readonly limit: number;
  /** How often it was cut. */
  readonly cuts: number;
}

/** Lets as many calls be under way at a time as the dependency answers well. */
export interface AdaptiveConcurrency extends Policy, SlotCalls {
  readonly kind: 'adaptive-concurrency';
  call: SlotCalls['call'];
  statistics(): AdaptiveConcurrencyStatistics;
}

/** Options of {@link adaptiveConcurrencyOn}. */
export interface AdaptiveConcurrencyParts {
  readonly name: string;
  /** Read at each call, so that they may change at run time; `initial` is read once. */
  readonly settings: AdaptiveConcurrencySettings;
  /** Whether an error says that the dependency has too much to do. */
  readonly isOverload: (error: unknown) => boolean;
  readonly clock: Clock;
  readonly emit: EventSink;
}

/**
 * Make a limit that finds itself by additive increase and multiplicative decrease, as the congestion window of TCP does
 * (RFC 5681, section 3.1) and `AIMDLimit` of Netflix's concurrency-limits:
 *
 * - A call that is answered in time adds 1/limit, so one for each full round of calls; but only while the limit is in
 *   use: calls that are few by themselves say nothing about more of them (RFC 7661).
 * - A call that takes longer than `latencyMs`, or is answered with an overload, leaves `decrease` of the limit. Those that
 *   were under way at that moment have met the same load and are not heard any more (TCP too cuts once a window), so a
 *   burst of slow answers is one cut.
 * - Any other error, and an abort by the caller, leave the limit alone unless they took longer than `latencyMs`, too. A
 *   refusal by a policy within always does: the dependency was not asked.
 */
export function adaptiveConcurrencyOn(parts: AdaptiveConcurrencyParts): AdaptiveConcurrency {
  const { name, settings, isOverload, clock, emit } = parts;
  const tell = quiet(emit);
  let limit = settings.initial;
  let round = 0;
  let cuts = 0;

  /** The bounds are met where the limit is read, since they may change. */
  const current = (): number => Math.min(settings.max, Math.max(settings.min, limit));
  const allowed = (): number => Math.floor(current());
  const line = slotLine({ name, clock, emit, limit: allowed, settings });

  function cut(begun: number): void {
    if (begun !== round) return;
    round += 1;
    const before = allowed();
    limit = current() * settings.decrease;
    if (allowed() === before) return;
    cuts += 1;
    tell({ kind: 'concurrency-cut', policy: name, limit: allowed() });
  }

  const calls = slotCalls(line, clock, {
    begin: () => round,
    succeeded(begun, tookMs) {
      if (tookMs > settings.latencyMs) cut(begun);
      else if (begun === round && line.underWay >= allowed()) limit = current() + 1 / current();
    },
    failed(begun, tookMs, error, signal) {
      if (causes(error).some((cause) => isInstance(cause, RefusedError))) return;
      if (tookMs > settings.latencyMs || (!signal.aborted && isOverload(error))) cut(begun);
    },
  });

  return {
    kind: 'adaptive-concurrency',
    name,
    ...calls,
    statistics: () => ({ ...line.statistics(), limit: allowed(), cuts }),
  };
}
