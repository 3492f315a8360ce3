import type { AlarmId } from '../../lib/monitoring/watch.ts';

/** What metrics show in a minute, by name. `grow`: so much more than the minute before. Nothing: no datapoint. */
export type Minute = Readonly<Record<string, number | { readonly grow: number }>>;

/** What sets an alarm off, by the least that does, and what just does not. */
export interface AlarmCase {
  readonly bad: Minute;
  readonly good: Minute;
  /** What a minute shows otherwise, where it is a sum over many that counts. @default - `good` */
  readonly rest?: Minute;
}

const grown = {
  bad: { ApproximateNumberOfMessagesVisible: { grow: 11 }, ApproximateNumberOfMessagesNotVisible: 0 },
  good: { ApproximateNumberOfMessagesVisible: { grow: 10 }, ApproximateNumberOfMessagesNotVisible: 0 },
};

/** A case for every alarm, with the defaults; a count of an hour shows in one minute. */
export const ALARM_CASES: Readonly<Record<AlarmId, AlarmCase>> = {
  QueueDepth: over('ApproximateNumberOfMessagesVisible', 10_001),
  QueueAge: over('ApproximateAgeOfOldestMessage', 301),
  InFlight: over('ApproximateNumberOfMessagesNotVisible', 96_001),
  WaitingCloseToExpiry: over('ApproximateAgeOfOldestMessage', 338_401),
  CloseToExpiry: { bad: { TimeToExpiry: 3_599 }, good: { TimeToExpiry: 3_600 } },
  DeadLetterDepth: over('ApproximateNumberOfMessagesVisible', 101),
  DeadLetterAny: over('ApproximateNumberOfMessagesVisible', 1),
  DeadLetterGrowth: grown,
  DeadLetterExternal: { ...over('DeadLettered', 11), rest: {} },
  BackstopRedrives: {
    bad: { ...sent(0), ApproximateNumberOfMessagesVisible: { grow: 1 } },
    good: { ...sent(5), ApproximateNumberOfMessagesVisible: { grow: 5 } },
  },
  Poison: { ...over('Quarantined', 21), rest: {} },
  QuarantineGrowth: grown,
  FunctionErrors: { bad: { Invocations: 100, Errors: 51 }, good: { Invocations: 100, Errors: 50 } },
  RetriesExhausted: { ...over('RetriesExhausted', 51), rest: {} },
  AverageAttempts: { bad: { Attempts: 2.1 }, good: { Attempts: 2 } },
  SettlementFailures: over('SettlementFailures', 1),
  ConfigurationRefused: over('ConfigurationRefused', 1),
  NoRetryHelps: over('NeedsPerson', 1),
  CircuitOpen: over('CircuitsOpen', 1),
  CircuitHalfOpenFor: over('CircuitHalfOpenFor', 301),
  ControlLoopSilent: { bad: {}, good: { IntakePausedWithoutCause: 0 } },
  IntakeWithoutCause: over('IntakePausedWithoutCause', 1),
  IntakePausedFor: over('IntakePausedFor', 3_601),
  IntakeHeld: over('IntakeHeld', 1),
  KillSwitch: over('KillSwitchOn', 1),
  // a circuit that is open while nothing is paused is not being handled
  OutageHandled: {
    bad: { CircuitsOpen: 1, IntakePausedFor: 1 },
    good: { CircuitsOpen: 1, IntakePausedFor: 0 },
  },
};

function over(metric: string, value: number): AlarmCase {
  return { bad: { [metric]: value }, good: { [metric]: value - 1 } };
}

function sent(count: number): Minute {
  return { NumberOfMessagesSent: count, ApproximateNumberOfMessagesNotVisible: 0 };
}
