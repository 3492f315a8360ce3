import { DEFAULT_OBSERVABILITY, OBSERVABILITY_LEVELS } from '../metric-names.ts';
import { RANGES } from '../ranges.ts';
import { DEFAULTS, ON_EXHAUSTED } from '../settings.ts';
import type { SectionKnob } from './knob.ts';
import { ATTEMPTS, KILL_SWITCH, SCREENING } from './message-language.ts';

const live = true;

const seconds = ({ min, max }: { readonly min: number; readonly max: number }) => {
  return { range: { min: min * 1_000, max: max * 1_000 }, step: 1_000 } as const;
};

const count = { type: 'integer', range: { min: 0, max: Number.MAX_SAFE_INTEGER } } as const;
const none = { orFalse: 'no such alarm' } as const;

const flag = (on: string, doc: string) => ({ type: 'flag', default: on, doc }) as const;
const threshold = (most: string, doc: string) => ({ ...count, ...none, default: most, doc }) as const;
const time = (longest: string, doc: string) => {
  return {
    type: 'duration',
    ...seconds({ min: 0, max: RANGES.retentionSeconds.max }),
    ...none,
    default: longest,
    doc,
  } as const;
};
const FULL = 'Needs observability: full.';

const ALARMS = {
  type: 'section',
  orFalse: 'no alarms',
  doc: 'Thresholds of the alarms; each goes off above its own. Actions and the topic stand in the code.',
  keys: {
    queueDepth: threshold(
      '10000 with observability: full',
      'Messages waiting in the queue, in 3 of 5 minutes.',
    ),
    queueAge: time('5m', 'Age of the oldest message in the queue, in 3 of 5 minutes.'),
    inFlight: {
      type: 'integer',
      range: { min: 0, max: 100 },
      ...none,
      default: '80 with observability: full',
      doc: 'Messages in flight, in percent of the 120,000 that SQS allows, in 3 of 5 minutes.',
    },
    closeToExpiry: time(
      '1h, or a quarter of retryUntil if that is less',
      'Time that is left to a message until it expires.',
    ),
    deadLetterDepth: threshold('100', 'Messages in the dead-letter queue, at once.'),
    deadLetterAny: flag(
      'false',
      'Whether the first message in the dead-letter queue raises an alarm, at once.',
    ),
    deadLetterGrowth: threshold('10', 'Messages by which the dead-letter queue grows in a minute.'),
    deadLetterExternal: threshold(
      '10',
      `Messages dead-lettered in an hour for EXTERNAL_SERVICE_ERROR. ${FULL}`,
    ),
    backstopRedrives: threshold(
      '0',
      'Messages in a minute that SQS itself moved to the dead-letter queue, at once.',
    ),
    poison: threshold('20', 'Messages that go to quarantine in an hour.'),
    quarantineGrowth: threshold('10', 'Messages by which the quarantine queue grows in a minute.'),
    functionErrors: {
      type: 'integer',
      range: { min: 0, max: 100 },
      ...none,
      default: '50',
      doc: 'Invocations that fail as a whole, in percent, in 3 of 5 minutes.',
    },
    retriesExhausted: threshold('50', `Messages in an hour whose attempts ran out. ${FULL}`),
    averageAttempts: {
      type: 'number',
      range: { min: 0, max: RANGES.attempts.max },
      ...none,
      default: '2',
      doc: `Average of the attempts that messages take, in each of 3 periods of 5 minutes. ${FULL}`,
    },
    settlementFailures: threshold(
      '0',
      `Moves and visibility changes that SQS refuses in 5 minutes, in 2 of 3 such periods. ${FULL}`,
    ),
    noRetryHelps: flag('true', 'Whether what no retry mends and no open circuit explains raises an alarm.'),
    configurationRefused: flag(
      'true',
      `Whether a run-time configuration that is refused raises an alarm of its own. ${FULL}`,
    ),
    circuitOpen: flag(
      'true with observability: full, else false',
      'Whether an open circuit raises an alarm. It calls nobody.',
    ),
    circuitHalfOpenFor: time('5m', `Time for which a circuit is half-open, at once. ${FULL}`),
    controlLoopSilent: flag('true', 'Whether an intake controller that reports nothing raises an alarm.'),
    intakeWithoutCause: flag(
      'true',
      'Whether an event source that is disabled though nothing asks for it raises an alarm.',
    ),
    intakePausedFor: time('1h', 'Time for which the event source is paused, at once.'),
    intakeHeld: flag(
      'true',
      `Whether an intake that an operator or a halted FIFO queue holds raises an alarm of its own. ${FULL}`,
    ),
    killSwitch: flag(
      'true',
      `Whether an intake that the kill switch holds raises an alarm of its own. ${FULL}`,
    ),
    needsPerson: flag('true', 'Whether one composite alarm has the actions, rather than each of them.'),
    recoveryGrace: {
      type: 'duration',
      ...seconds({ min: 60, max: 86_400 }),
      orFalse: 'nothing excuses a backlog',
      default: '15m',
      doc: 'Time after an outage for which its backlog still calls nobody; rounded up to minutes.',
    },
  },
} as const satisfies SectionKnob;

const companion = (doc: string) => {
  return {
    type: 'section',
    doc,
    keys: {
      retention: {
        type: 'duration',
        ...seconds(RANGES.retentionSeconds),
        default: '14d',
        doc: 'Time for which it keeps messages.',
      },
    },
  } as const;
};

/** A queue of a configuration file, with what its consumer does. */
export const QUEUE = {
  type: 'section',
  live,
  doc: 'A queue with its dead-letter and quarantine queues, and what its consumer does.',
  keys: {
    queueName: {
      type: 'text',
      pattern: /^(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?$/,
      rule: "must be 1 to 80 letters, digits, hyphens or underscores, with '.fifo' at the end for a FIFO queue",
      default: "made of the construct's path",
      doc: 'Physical name of the queue.',
    },
    fifo: {
      type: 'flag',
      default: "whether queueName ends with '.fifo'",
      doc: 'First in, first out within a message group.',
    },
    retention: {
      type: 'duration',
      ...seconds(RANGES.retentionSeconds),
      default: '4d',
      doc: 'Time for which a message waits to be handled.',
    },
    visibilityTimeout: {
      type: 'duration',
      ...seconds(RANGES.visibilitySeconds),
      default: 'what the consumer needs',
      doc: 'Time for which a received message is hidden.',
    },
    deliveryDelay: {
      type: 'duration',
      ...seconds(RANGES.deliveryDelaySeconds),
      default: '0s',
      doc: 'Delay of every new message.',
    },
    maxReceiveCount: {
      type: 'integer',
      range: RANGES.maxReceiveCount,
      default: String(DEFAULTS.maxReceiveCount),
      doc: 'Receives before SQS itself moves a message to the dead-letter queue: a backstop.',
    },
    batchSize: {
      type: 'integer',
      range: RANGES.batchSize,
      default: '10',
      doc: 'Messages of one invocation; more than 10 need a maxBatchingWindow.',
    },
    maxBatchingWindow: {
      type: 'duration',
      ...seconds(RANGES.batchingWindowSeconds),
      doc: 'Time to wait for a batch to fill.',
    },
    maxConcurrency: {
      type: 'integer',
      range: RANGES.maxConcurrency,
      doc: 'Invocations of the consumer at a time.',
    },
    concurrency: {
      type: 'integer',
      range: RANGES.concurrency,
      default: String(DEFAULTS.concurrency),
      live,
      doc: 'Messages of one batch that are worked on at a time; FIFO: message groups.',
    },
    envelope: {
      type: 'choice',
      of: ['raw', 'sns', 'eventbridge', 's3'],
      default: DEFAULTS.envelope,
      doc: 'What wraps the payload in the body of a message.',
    },
    onExhausted: {
      type: 'choice',
      of: ON_EXHAUSTED,
      default: DEFAULTS.onExhausted,
      doc: 'What becomes of a message that failed for good; halt is for FIFO queues.',
    },
    retry: {
      type: 'reference',
      to: 'retryProfiles',
      live,
      doc: 'Retry profile of messages: attempts and back-off.',
    },
    attempts: ATTEMPTS,
    retryUntil: {
      type: 'duration',
      ...seconds({ min: 1, max: RANGES.retentionSeconds.max }),
      default: 'retention less 1h, and less the visibility timeout',
      doc: 'Age at which a message expires to the dead-letter queue.',
    },
    circuits: {
      type: 'list',
      of: { type: 'reference', to: 'circuits', doc: 'A circuit.' },
      default: 'one of its own, named default',
      doc: 'Circuits that the handler calls through.',
    },
    screening: SCREENING,
    killSwitch: KILL_SWITCH,
    observability: {
      type: 'choice',
      of: OBSERVABILITY_LEVELS,
      default: DEFAULT_OBSERVABILITY,
      doc: 'How much the consumer tells of itself, by metrics and alarms, and so what that costs.',
    },
    alarms: ALARMS,
    deadLetterQueue: companion('The dead-letter queue.'),
    quarantineQueue: companion('The quarantine queue.'),
  },
} as const satisfies SectionKnob;
