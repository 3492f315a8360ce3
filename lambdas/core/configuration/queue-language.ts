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

const ALARMS = {
  type: 'section',
  orFalse: 'no alarms',
  doc: 'Thresholds of the alarms; each goes off above its own. Actions and the topic stand in the code.',
  keys: {
    queueDepth: {
      ...count,
      ...none,
      default: '10000',
      doc: 'Messages waiting in the queue, in 3 of 5 minutes.',
    },
    queueAge: {
      type: 'duration',
      ...seconds({ min: 0, max: RANGES.retentionSeconds.max }),
      ...none,
      default: '5m',
      doc: 'Age of the oldest message in the queue, in 3 of 5 minutes.',
    },
    deadLetterDepth: {
      ...count,
      ...none,
      default: '100',
      doc: 'Messages in the dead-letter queue, at once.',
    },
    deadLetterAny: {
      type: 'flag',
      default: 'false',
      doc: 'Whether the first message in the dead-letter queue raises an alarm, at once.',
    },
    deadLetterGrowth: {
      ...count,
      ...none,
      default: '10',
      doc: 'Messages by which the dead-letter queue grows in a minute.',
    },
    poison: { ...count, ...none, default: '20', doc: 'Messages that go to quarantine in an hour.' },
    settlementFailures: {
      ...count,
      ...none,
      default: '0',
      doc: 'Moves and visibility changes that SQS refuses in 5 minutes.',
    },
    intakeWithoutCause: {
      type: 'flag',
      default: 'true',
      doc: 'Whether an event source that is disabled though nothing asks for it raises an alarm.',
    },
    intakePausedFor: {
      type: 'duration',
      ...seconds({ min: 0, max: RANGES.retentionSeconds.max }),
      ...none,
      default: '1h',
      doc: 'Time for which the event source is paused, at once.',
    },
    intakeHeld: {
      type: 'flag',
      default: 'true',
      doc: 'Whether an intake that an operator or a halted FIFO queue holds raises an alarm.',
    },
    killSwitch: {
      type: 'flag',
      default: 'true',
      doc: 'Whether an intake that the kill switch holds raises an alarm.',
    },
    configurationRefused: {
      type: 'flag',
      default: 'true',
      doc: 'Whether a run-time configuration that is refused raises an alarm.',
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
    alarms: ALARMS,
    deadLetterQueue: companion('The dead-letter queue.'),
    quarantineQueue: companion('The quarantine queue.'),
  },
} as const satisfies SectionKnob;
