import type { FaultKind, PlannedMessage, Step } from './plan.ts';
import type { Trace } from './trace.ts';

/** A fault that is due, and the message that it was planned for. */
export interface DueFault {
  readonly kind: FaultKind;
  readonly subject: string;
}

/** Carries out what the plan has in store for messages. */
export interface Saboteur {
  /** Messages come to a step; the fault that is due, if any. */
  arrive(step: Step, subjects: readonly string[], environment: number): DueFault | undefined;
  /** The service that a request was for did not answer it. */
  unanswered(step: Step, subjects: readonly string[], environment: number): void;
  /** Kill an environment on the spot. */
  kill(environment: number, fault: DueFault, step: Step): void;
  /** Messages that an environment holds. */
  holds(environment: number, subjects: readonly string[]): void;
  releases(environment: number): void;
  /** An environment has ended, for whatever reason. */
  died(environment: number): void;
  readonly kills: number;
}

/** Make the saboteur of a run. */
export function createSaboteur(messages: readonly PlannedMessage[], trace: Trace): Saboteur {
  const planned = new Map(messages.map(({ id, faults }) => [id, faults]));
  const arrivals = new Map<string, number>();
  const held = new Map<number, readonly string[]>();
  const missed = new Set<string>();
  let kills = 0;
  return {
    get kills() {
      return kills;
    },
    arrive(step, subjects, environment) {
      trace.add({ what: 'step', step, subjects, environment });
      let due: DueFault | undefined;
      for (const subject of subjects) {
        const nth = (arrivals.get(`${subject} ${step}`) ?? 0) + 1;
        arrivals.set(`${subject} ${step}`, nth);
        const fault = planned
          .get(subject)
          ?.find((each) => each.step === step && each.nth <= nth && nth < each.nth + each.times);
        const kind = fault?.kind ?? (missed.has(subject) ? 'kill-before' : undefined);
        if (kind === undefined) continue;
        // An environment dies once: who was to kill it at the same moment kills the next one.
        if (due !== undefined && kind.startsWith('kill')) missed.add(subject);
        else missed.delete(subject);
        due ??= { kind, subject };
      }
      if (due !== undefined) trace.add({ what: 'fault', step, fault: due.kind, subjects, environment });
      return due;
    },
    unanswered(step, subjects, environment) {
      trace.add({ what: 'fault', step, fault: 'unreachable', subjects, environment });
    },
    kill(environment, { subject }, step) {
      const subjects = held.get(environment) ?? [subject];
      try {
        process.kill(environment, 'SIGKILL');
        trace.add({ what: 'killed', step, subjects, environment });
        kills += 1;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
        // It has ended while its request was under way.
        missed.add(subject);
      }
    },
    holds: (environment, subjects) => void held.set(environment, subjects),
    releases: (environment) => void held.delete(environment),
    died(environment) {
      const subjects = held.get(environment);
      held.delete(environment);
      if (subjects !== undefined) trace.add({ what: 'fault', fault: 'died', subjects, environment });
    },
  };
}
