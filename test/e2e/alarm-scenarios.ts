import type { AlarmId } from '../../lib/monitoring/watch.ts';

/** An alarm of a consumer, the composite one included. */
export type AlarmName = AlarmId | 'NeedsPerson';

/** What can befall a consumer. */
export type ScenarioName = keyof typeof SCENARIOS;

/** Which alarms go off, with the reason of each, and why others do not; {@link QUIET} has the reasons of all the rest. */
export interface Scenario {
  /** As docs/alarms.md calls it. */
  readonly title: string;
  readonly rings: Readonly<Partial<Record<AlarmName, string>>>;
  readonly quiet: Readonly<Partial<Record<AlarmName, string>>>;
}

/** Why an alarm does not go off where it has no reason to. */
export const QUIET: Readonly<Record<AlarmName, string>> = {
  NeedsPerson: 'nothing rings that calls somebody',
  QueueDepth: 'messages are handled as they come',
  QueueAge: 'messages are handled as they come',
  InFlight: 'there are not 96,000 messages',
  WaitingCloseToExpiry: 'no message waits for days',
  CloseToExpiry: 'no message is put back for days',
  DeadLetterDepth: 'there are not 100 dead letters',
  DeadLetterAny: 'no message fails for good',
  DeadLetterGrowth: 'no message fails for good',
  DeadLetterExternal: 'no message fails for good by its dependency',
  BackstopRedrives: 'the runtime moves messages before SQS does',
  Poison: 'every message is well-formed',
  QuarantineGrowth: 'every message is well-formed',
  FunctionErrors: 'most invocations end well',
  RetriesExhausted: 'there are not 50 messages without attempts',
  AverageAttempts: 'no message takes more than two attempts',
  SettlementFailures: 'SQS takes every settlement',
  ConfigurationRefused: 'no configuration is read at run time: there is no such alarm',
  NoRetryHelps: 'retries help, or a circuit explains it',
  CircuitOpen: 'the dependency is well',
  CircuitHalfOpenFor: 'each probe ends',
  ControlLoopSilent: 'the controller reports every minute',
  IntakeWithoutCause: 'whatever is paused has a cause',
  IntakePausedFor: 'nothing is paused for an hour',
  IntakeHeld: 'nobody holds the intake',
  KillSwitch: 'no fault takes ten messages',
  OutageHandled: 'there is no outage',
};

/** What the end-to-end test brings about, and docs/alarms.md tells of. */
export const SCENARIOS = {
  Outage: {
    title: 'an outage',
    rings: {
      CircuitOpen: 'the dependency fails',
      OutageHandled: 'the circuit is open, and the intake paused',
      QueueAge: 'messages wait until the dependency is back',
      QueueDepth: 'messages wait until the dependency is back',
    },
    quiet: {
      NeedsPerson: 'the backlog is excused, and nothing else calls',
      DeadLetterAny: 'what waits for a circuit is not charged',
      DeadLetterGrowth: 'what waits for a circuit is not charged',
      DeadLetterExternal: 'the circuit opens before attempts run out',
      NoRetryHelps: 'the circuit explains it',
      IntakePausedFor: 'it is over within the hour',
    },
  },
  Poison: {
    title: 'poison',
    rings: {
      NeedsPerson: 'Poison calls somebody',
      Poison: 'more than 20 messages are quarantined in an hour',
      QuarantineGrowth: 'more than 10 of them in a minute',
    },
    quiet: {
      DeadLetterAny: 'poison goes to quarantine',
      DeadLetterGrowth: 'poison goes to quarantine',
      AverageAttempts: 'poison is no attempt',
      KillSwitch: 'poison never reaches the handler',
    },
  },
  Crash: {
    title: 'a crash',
    rings: {
      NeedsPerson: 'DeadLetterAny calls somebody',
      DeadLetterAny: 'the message that crashes is dead-lettered, alone',
    },
    quiet: {
      DeadLetterGrowth: 'it is one message',
      CircuitOpen: 'a crash says nothing of a dependency',
      NoRetryHelps: 'the message is set aside, and its batch-mates are handled',
      KillSwitch: 'it is one message',
      BackstopRedrives: 'crashes are counted long before SQS would move it',
    },
  },
  Deployment: {
    title: 'a bad deployment',
    rings: {
      NeedsPerson: 'the kill switch calls somebody',
      KillSwitch: 'one fault takes ten messages',
      NoRetryHelps: 'the kill switch holds the intake',
      DeadLetterAny: 'the first nine are dead-lettered',
      QueueAge: 'messages wait until the handler is mended',
      QueueDepth: 'messages wait until the handler is mended',
    },
    quiet: {
      DeadLetterDepth: 'the kill switch keeps the rest in the queue',
      DeadLetterGrowth: 'the kill switch lets no more than nine of one fault through',
      RetriesExhausted: 'the kill switch lets no more than nine of one fault through',
      CircuitOpen: 'a bug says nothing of a dependency',
      OutageHandled: 'no circuit is open: nothing excuses the backlog',
      IntakeHeld: 'it is the kill switch that holds, and no person',
      IntakePausedFor: 'it is mended within the hour',
    },
  },
  Calm: { title: 'ordinary work', rings: {}, quiet: {} },
} as const satisfies Readonly<Record<string, Scenario>>;
