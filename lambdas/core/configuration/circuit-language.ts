import { CONSUMER_CALL_DEFAULTS } from '../policies/settings.ts';
import { RANGES } from '../ranges.ts';
import { DEFAULTS } from '../settings.ts';
import type { SectionKnob } from './knob.ts';
import { durationText } from './quantities.ts';

const live = true;
const { circuit, backoff, attempts } = DEFAULTS;
const { retry, retryBudget, rateLimit, bulkhead, adaptiveConcurrency } = CONSUMER_CALL_DEFAULTS;

const WAITING = {
  maxQueued: {
    type: 'integer',
    range: RANGES.queuedCalls,
    default: String(bulkhead.maxQueued),
    live,
    doc: 'Calls that wait for their turn; more are refused.',
  },
  maxWait: {
    type: 'duration',
    range: RANGES.callWait,
    default: durationText(bulkhead.maxWaitMs),
    live,
    doc: 'Longest time that a call waits before it is refused.',
  },
} as const;

const BUDGET = {
  type: 'section',
  orFalse: 'calls are repeated as much as they like',
  live,
  doc: 'What the calls of one environment may spend on repeating: a token bucket of which each repetition takes one. Calls only.',
  keys: {
    capacity: {
      type: 'number',
      range: RANGES.tokens,
      default: String(retryBudget.capacity),
      live,
      doc: 'Tokens that fit the bucket, which is full at first.',
    },
    perSecond: {
      type: 'number',
      range: RANGES.tokensPerSecond,
      default: String(retryBudget.perSecond),
      live,
      doc: 'Tokens that each second adds.',
    },
    perCall: {
      type: 'number',
      range: RANGES.tokensPerCall,
      default: String(retryBudget.perCall),
      live,
      doc: 'Tokens that each call adds: the share of calls that may be repeated for long.',
    },
  },
} as const;

/** A retry profile of a configuration file. */
export const RETRY_PROFILE = {
  type: 'section',
  live,
  doc: 'How often something is tried, and with which delays. Circuits use it for calls, queues for messages.',
  keys: {
    attempts: {
      type: 'integer',
      range: RANGES.attempts,
      default: `${retry.attempts} of a call, ${attempts.max} of a message`,
      live,
      doc: 'Attempts in all.',
    },
    strategy: {
      type: 'choice',
      of: ['fixed', 'exponential', 'full-jitter'],
      default: retry.kind,
      live,
      doc: 'How the delays grow: always firstDelay; firstDelay × base^(attempt − 1); or an even draw between 0 and that.',
    },
    firstDelay: {
      type: 'duration',
      range: RANGES.messageDelay,
      default: `${durationText(retry.firstDelayMs)} of a call, ${durationText(backoff.firstDelayMs)} of a message`,
      live,
      doc: 'Delay after the first failure; of a call at most 15m.',
    },
    cap: {
      type: 'duration',
      range: RANGES.messageDelay,
      default: `${durationText(retry.capMs)} of a call, ${durationText(backoff.capMs)} of a message`,
      live,
      doc: 'Longest delay, at least firstDelay; of a call at most 15m.',
    },
    base: {
      type: 'number',
      range: RANGES.base,
      default: String(retry.base),
      live,
      doc: 'Growth from one delay to the next.',
    },
    budget: BUDGET,
  },
} as const satisfies SectionKnob;

/** A circuit of a configuration file. */
export const CIRCUIT = {
  type: 'section',
  live,
  doc: 'A circuit breaker, and what else stands around the calls through it.',
  keys: {
    preset: {
      type: 'choice',
      of: ['default', 'conservative', 'aggressive'],
      live,
      doc: 'failureThreshold, successThreshold and openFor for one of three tempers; what is given beside it wins.',
    },
    failureThreshold: {
      type: 'integer',
      range: RANGES.failures,
      default: String(circuit.failureThreshold),
      live,
      doc: 'Failures within the window, in all environments together, that open the circuit.',
    },
    failureRatio: {
      type: 'number',
      range: RANGES.share,
      default: String(circuit.failureRatio),
      live,
      doc: 'Share of failed calls that there has to be as well. It reads high: a real 0.3 as about 0.46.',
    },
    minReporters: {
      type: 'integer',
      range: RANGES.reporters,
      default: String(circuit.minReporters),
      live,
      doc: 'Environments that have to have reported failures in one half of the window.',
    },
    localThreshold: {
      type: 'integer',
      range: RANGES.failures,
      default: 'as failureThreshold',
      live,
      doc: 'Failures in a row that open it for the one environment that saw them.',
    },
    successThreshold: {
      type: 'integer',
      range: RANGES.successes,
      default: String(circuit.successThreshold),
      live,
      doc: 'Successful probes in a row that close it.',
    },
    openFor: {
      type: 'duration',
      range: RANGES.time,
      default: durationText(circuit.openForMs),
      live,
      doc: 'Time for which the circuit stays open before its first probe.',
    },
    maxOpenFor: {
      type: 'duration',
      range: RANGES.time,
      default: `${durationText(circuit.maxOpenForMs)}, or openFor if that is longer`,
      live,
      doc: 'Longest open time, which doubles with each failed probe. At least openFor.',
    },
    window: {
      type: 'duration',
      range: RANGES.time,
      default: durationText(circuit.windowMs),
      live,
      doc: 'Window in which failures are counted.',
    },
    slowCallThreshold: {
      type: 'duration',
      range: RANGES.time,
      live,
      doc: 'A call that takes longer counts as a failure, though its result is used.',
    },
    cacheFor: {
      type: 'duration',
      range: RANGES.cacheFor,
      default: durationText(circuit.cacheForMs),
      live,
      doc: 'How long an environment goes by what it has read of the shared state, ± 20 %.',
    },
    timeout: {
      type: 'duration',
      range: RANGES.callTimeout,
      live,
      doc: 'Time-out of each attempt of a call; less than the time of a handler.',
    },
    totalTimeout: {
      type: 'duration',
      range: RANGES.callTimeout,
      live,
      doc: 'Time-out of the whole call, waits and repetitions included. At least timeout.',
    },
    retry: {
      type: 'reference',
      to: 'retryProfiles',
      live,
      doc: 'Retry profile by which a call is repeated within the function.',
    },
    rateLimit: {
      type: 'section',
      live,
      doc: 'Limit on the rate of calls of all environments together.',
      keys: {
        limit: {
          type: 'number',
          range: RANGES.calls,
          required: true,
          live,
          doc: 'Calls in each period.',
        },
        per: { type: 'duration', range: RANGES.ratePeriod, required: true, live, doc: 'The period.' },
        burst: {
          type: 'number',
          range: RANGES.calls,
          default: 'as limit',
          live,
          doc: 'Calls that may be made at once after a quiet time.',
        },
        shards: {
          type: 'integer',
          range: RANGES.shards,
          default: String(rateLimit.shards),
          doc: 'Items of the state table over which the limit is spread.',
        },
        maxWait: {
          type: 'duration',
          range: RANGES.callWait,
          default: durationText(rateLimit.maxWaitMs),
          live,
          doc: 'Longest time that a message waits in the function for its turn, before it is put back.',
        },
      },
    },
    bulkhead: {
      type: 'section',
      live,
      doc: 'Limit on the calls under way in each environment. Not with adaptiveConcurrency.',
      keys: {
        maxConcurrent: {
          type: 'integer',
          range: RANGES.calls,
          required: true,
          live,
          doc: 'Calls under way.',
        },
        ...WAITING,
      },
    },
    adaptiveConcurrency: {
      type: 'section',
      live,
      doc: 'The same, where the limit is to be found. Not with bulkhead.',
      keys: {
        initial: {
          type: 'integer',
          range: RANGES.calls,
          default: String(adaptiveConcurrency.initial),
          doc: 'Calls under way at first. From min to max.',
        },
        min: {
          type: 'integer',
          range: RANGES.calls,
          default: String(adaptiveConcurrency.min),
          live,
          doc: 'Least calls under way.',
        },
        max: {
          type: 'integer',
          range: RANGES.calls,
          default: String(adaptiveConcurrency.max),
          live,
          doc: 'Most calls under way. At least min.',
        },
        latency: {
          type: 'duration',
          range: RANGES.callTimeout,
          default: durationText(adaptiveConcurrency.latencyMs),
          live,
          doc: 'A call that takes longer speaks for fewer, as one that is answered with HTTP 429 does.',
        },
        decrease: {
          type: 'number',
          range: RANGES.decrease,
          default: String(adaptiveConcurrency.decrease),
          live,
          doc: 'What is left of the limit after each such call.',
        },
        ...WAITING,
      },
    },
  },
} as const satisfies SectionKnob;
