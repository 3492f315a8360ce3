import type { FaultKind, Step } from './plan.ts';

/** Something that happened to messages. */
export interface TraceEvent {
  /** Milliseconds since the run began. */
  readonly at: number;
  readonly what: 'sent' | 'step' | 'fault' | 'killed' | 'effect' | 'completed' | 'weather' | 'left-alone';
  /** Ids of the messages. */
  readonly subjects: readonly string[];
  readonly step?: Step;
  readonly fault?: FaultKind | 'died' | 'hung-up' | 'timed-out' | 'unreachable';
  /** Process id of the environment. */
  readonly environment?: number;
  readonly detail?: string;
}

/** What happened in a run, in order. */
export interface Trace {
  /** Note something; gives the time. */
  add(event: Omit<TraceEvent, 'at'>): number;
  readonly events: readonly TraceEvent[];
  /** What happened to one message. */
  of(subject: string): readonly TraceEvent[];
}

/** Begin a trace. */
export function beginTrace(): Trace {
  const startedAt = performance.now();
  const events: TraceEvent[] = [];
  const bySubject = new Map<string, TraceEvent[]>();
  return {
    events,
    add(event) {
      const timed = { at: Math.round(performance.now() - startedAt), ...event };
      events.push(timed);
      for (const subject of new Set(event.subjects)) {
        const known = bySubject.get(subject);
        if (known === undefined) bySubject.set(subject, [timed]);
        else known.push(timed);
      }
      return timed.at;
    },
    of: (subject) => bySubject.get(subject) ?? [],
  };
}

/** An event as a line. */
export function traceLine({ at, what, step, fault, environment, detail }: TraceEvent): string {
  const rest = [what, step, fault, detail, environment === undefined ? undefined : `in ${environment}`];
  return `${(at / 1_000).toFixed(3).padStart(9)} s  ${rest.filter((part) => part !== undefined).join(' ')}`;
}
