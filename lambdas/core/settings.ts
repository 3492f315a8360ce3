import { DEFAULT_OBSERVABILITY, type Observability } from './metric-names.ts';
import type { CallSettings } from './policies/settings.ts';

/**
 * What the constructs hand to the runtime: one JSON document, in the environment variable
 * {@link SETTINGS_VARIABLE}, or in two parts when Lambda's 4 KB of environment would not hold it.
 */

/** Environment variable that holds the settings of the consumer as JSON. */
export const SETTINGS_VARIABLE = 'SPILLWAY_SETTINGS';

/**
 * Expression that the bundler replaces with the static part of the settings, as a JSON string, when the whole does
 * not fit the environment. The variable {@link SETTINGS_VARIABLE} then holds the rest; top-level keys of the
 * environment win.
 */
export const BUNDLED_SETTINGS_EXPRESSION = 'process.env.SPILLWAY_BUNDLED_SETTINGS';

/**
 * Expression that the bundler replaces with the text `left out` for consumers that read no configuration at run time:
 * their bundles are then without the code for it.
 */
export const RUN_TIME_CONFIGURATION_EXPRESSION = 'process.env.SPILLWAY_RUN_TIME_CONFIGURATION';

/** Expression that the bundler replaces with the text `left out` for consumers that are not traced. */
export const TRACING_EXPRESSION = 'process.env.SPILLWAY_TRACING';

/** How the payload is wrapped in the body of the SQS message. */
export type EnvelopeKind = 'raw' | 'sns' | 'eventbridge' | 's3';

/** Why a message was given up (the dead-letter queue's reasons). */
export const FAILURE_REASONS = [
  'INVALID_DATA',
  'EXTERNAL_SERVICE_ERROR',
  'TIMEOUT',
  'PROCESSING_ERROR',
  'EXPIRED',
  'UNKNOWN',
] as const;

/** Why a message was given up. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Spacing of the attempts of a message. Delays in milliseconds; SQS keeps whole seconds, so they are rounded up. */
export interface BackoffSettings {
  /**
   * `fixed`: always `firstDelayMs`. `exponential`: `firstDelayMs × base^(attempt − 1)`, at most `capMs`.
   * `full-jitter`: an even draw between 0 and the exponential delay
   * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   */
  readonly kind: 'fixed' | 'exponential' | 'full-jitter';
  /** Delay after the first failure. 0 or more. */
  readonly firstDelayMs: number;
  /** Longest delay. At least `firstDelayMs`, at most 12 h. */
  readonly capMs: number;
  /** Growth from one delay to the next. 1 or more. */
  readonly base: number;
}

/** Attempts that a message may use. */
export interface AttemptSettings {
  /** Attempts before the dead-letter queue. 1 to 100. */
  readonly max: number;
  /** Fewer attempts that fail for one reason, counted among the last 20; `max` holds for all together. 1 to 100. */
  readonly byReason: Partial<Record<FailureReason, number>>;
}

/** An HMAC over the raw bytes of the payload text. */
export interface SignatureSettings {
  /** ARN or name of the Secrets Manager secret that holds the key as a plain string. */
  readonly secretId: string;
  /** Message attribute that carries the signature in hexadecimal. */
  readonly attribute: string;
  /** Text in front of the hexadecimal digits, such as `sha256=`. */
  readonly prefix: string;
  /** Digest of the HMAC. */
  readonly algorithm: 'sha256' | 'sha512';
  /** Accept the secret's `AWSPREVIOUS` version too, so that a rotation refuses nothing that is under way. */
  readonly acceptPrevious: boolean;
}

/** Where a message says who it comes from: a message attribute, or a JSON pointer (RFC 6901) into the payload. */
export type SourceSettings = { readonly attribute: string } | { readonly pointer: string };

/** A JSON pointer to something inside a document: not the empty one. */
export const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;

/** Kinds of suspicious patterns. */
export const PATTERN_KINDS = ['sql-injection', 'script-injection', 'path-traversal'] as const;

/** A kind of suspicious patterns. */
export type PatternKind = (typeof PATTERN_KINDS)[number];

/** A check of who sends. */
export interface ReputationSettings {
  /** Where the source is named. */
  readonly source: SourceSettings;
  /** Lowest score that passes. 0 to 100. */
  readonly minimumScore: number;
}

/** Checks that a message passes before the handler sees it. */
export interface ScreeningSettings {
  /** Largest body in bytes; `false` switches the check off. 1 to 1,048,576. */
  readonly maxBytes: number | false;
  /** Whether the payload has to be JSON without prototype-polluting keys. Off: the payload is the text itself. */
  readonly json: boolean;
  /** Signature check. Absent: off. */
  readonly signature?: SignatureSettings;
  /** JSON pointers of fields that have to be there. Absent: off. */
  readonly requiredFields?: readonly string[];
  /** Where the source is named that may be on the list of denied ones. Absent: off. */
  readonly deniedSources?: SourceSettings;
  /** Kinds of patterns that are looked for. Absent: off. */
  readonly suspiciousPatterns?: readonly PatternKind[];
  /** Check of the source's reputation. Absent: off. */
  readonly reputation?: ReputationSettings;
}

/**
 * One circuit breaker (see docs/patterns/circuit-breaker.md). All environments share it; each also has a layer of its
 * own, which is all there is while the state table cannot be reached.
 */
export interface CircuitSettings {
  /** Failures within the window, in all environments together, that open the circuit. 1 or more. */
  readonly failureThreshold: number;
  /**
   * Share of failed calls that there has to be as well. Above 0, at most 1. It is measured without a write for each
   * success, and reads high: a real 0.3 as about 0.46, and never below a third.
   */
  readonly failureRatio: number;
  /** Environments that have to have reported failures in one half of the window. 1 or more. */
  readonly minReporters: number;
  /** Consecutive failures that open it for the environment that saw them. 1 or more. */
  readonly localThreshold: number;
  /** Successful probes in a row that close it. 1 or more. */
  readonly successThreshold: number;
  /** Time the circuit stays open before the first probe. Milliseconds, 1 or more. */
  readonly openForMs: number;
  /** Longest open time after failed probes (it doubles each time). Milliseconds, at least `openForMs`. */
  readonly maxOpenForMs: number;
  /**
   * Window in which failures are counted. For as long after a failure the circuit has it on record, which keeps a
   * message's last attempt from being taken. Milliseconds.
   */
  readonly windowMs: number;
  /** A call that takes longer counts as a failure. Milliseconds; absent: however long it takes. */
  readonly slowCallMs?: number;
  /** Longest time of a probe outside a consumer; in a consumer the invocation's end limits it. Milliseconds. */
  readonly probeTimeoutMs: number;
  /** How long an environment goes by what it read of the shared state, ± 20 %. Milliseconds. */
  readonly cacheForMs: number;
}

/** A circuit of a consumer, and the other policies around the calls that its handler makes through it. */
export interface ConsumerCircuitSettings extends CircuitSettings, CallSettings {}

/**
 * When one fault takes many messages (a bad deployment, an expired credential), it is not the messages that are to
 * blame: the kill switch keeps them out of the dead-letter queue and holds the intake.
 */
export interface KillSwitchSettings {
  /** Messages that one fault would have sent to the dead-letter queue within the window. 2 or more. */
  readonly minMessages: number;
  /** Share that they have to be of all messages that were done with meanwhile. Above 0, at most 1. */
  readonly share: number;
  /** Window in which messages are counted. Milliseconds. */
  readonly windowMs: number;
  /** How long the intake is held before one message may try again. Milliseconds, 1 or more. */
  readonly openForMs: number;
  /** Longest hold after such tries failed (it doubles each time). Milliseconds, at least `openForMs`. */
  readonly maxOpenForMs: number;
}

/** What becomes of a message that failed for good: the dead-letter queue, or the intake stops at it (FIFO only). */
export const ON_EXHAUSTED = ['dead-letter', 'halt'] as const;

/** What becomes of a message that failed for good. */
export type OnExhausted = (typeof ON_EXHAUSTED)[number];

/** A queue the consumer reads from. */
export interface SourceQueueSettings {
  /** URL of the queue. */
  readonly url: string;
  /** Name of the queue; part of the record keys in the state table. */
  readonly name: string;
  /** Whether it is a FIFO queue. */
  readonly fifo: boolean;
  /** Message retention of the queue. Seconds. */
  readonly retentionSeconds: number;
  /** `maxReceiveCount` of its redrive policy: the backstop. */
  readonly maxReceiveCount: number;
}

/** A queue that messages are moved to. */
export interface TargetQueueSettings {
  /** URL of the queue. */
  readonly url: string;
  /** Name of the queue. */
  readonly name: string;
  /** Message retention of the queue. Seconds. */
  readonly retentionSeconds: number;
}

/** Where a configuration is read that may change at run time, and how often. */
export type RunTimeConfigurationSettings = {
  /** Name of the consumer under `queues` in it. */
  readonly queue: string;
  /** How long an environment goes by what it has read. Seconds, 5 to 3,600. */
  readonly refreshSeconds: number;
} & (
  | {
      readonly kind: 'parameter';
      /** Name or ARN of a parameter in SSM Parameter Store. */
      readonly parameter: string;
    }
  | {
      readonly kind: 'app-config';
      /** Names or ids of an application, an environment of it, and a configuration profile of it in AppConfig. */
      readonly application: string;
      readonly environment: string;
      readonly profile: string;
    }
);

/** Everything that a consumer's runtime needs to know about its deployment. */
export interface ConsumerSettings {
  /**
   * Stable id of the consumer: prefix of its idempotency keys, unless it has a scope, and dimension of its metrics.
   * Changing it makes effects repeatable, so it outlives renames.
   */
  readonly consumerId: string;
  /**
   * Prefix of its idempotency keys, where that is not its id: consumers with one scope know what the others have
   * handled. Changing it makes effects repeatable.
   */
  readonly idempotencyScope?: string;
  /** Deployment environment, such as `prod`; noted with each dead letter. */
  readonly environment?: string;
  /** Version of the service; noted with each dead letter. */
  readonly serviceVersion?: string;
  /** Source queue. */
  readonly queue: SourceQueueSettings;
  /** Dead-letter queue. */
  readonly deadLetterQueue: TargetQueueSettings;
  /** Quarantine queue. */
  readonly quarantineQueue: TargetQueueSettings;
  /** Name of the state table. */
  readonly stateTable: string;
  /** Envelope around the payload. */
  readonly envelope: EnvelopeKind;
  /** Messages of one batch that are worked on at a time. 1 to 10,000. FIFO: groups at a time. */
  readonly concurrency: number;
  /** Attempt budget. */
  readonly attempts: AttemptSettings;
  /** Back-off between attempts. */
  readonly backoff: BackoffSettings;
  /**
   * Age at which a message expires, counted from when it entered the queue (a redrive or replay starts anew). Seconds;
   * less than the queue's retention, by the visibility timeout at least.
   */
  readonly retryUntilSeconds: number;
  /** Screening. */
  readonly screening: ScreeningSettings;
  /** Circuits by name. Empty: one circuit named `default`, fed by the handler's outcome. */
  readonly circuits: Readonly<Record<string, ConsumerCircuitSettings>>;
  /** Kill switch; `false` switches it off. */
  readonly killSwitch: KillSwitchSettings | false;
  /** What becomes of a message that failed for good. `halt`: FIFO queues only. */
  readonly onExhausted: OnExhausted;
  /** How many metrics it emits. */
  readonly observability: Observability;
  /** Whether messages and calls become subsegments of X-Ray. @default false */
  readonly tracing?: boolean;
  /** Queue of the intake controller, which is told of every change of a circuit. Absent: nobody is told. */
  readonly controlQueueUrl?: string;
  /** Configuration that may change at run time. Absent: what was deployed holds until the next deployment. */
  readonly runTimeConfiguration?: RunTimeConfigurationSettings;
}

/** A part of {@link ConsumerSettings} in which every option that has a default may be left out. */
export type SettingsInput<T> = { readonly [K in keyof T]?: PartOf<T[K]> };

type PartOf<V> = V extends readonly unknown[] ? V : V extends object ? SettingsInput<V> : V;

/** Defaults of everything that a consumer may leave out; the constructs and the runtime share them. */
export const DEFAULTS = {
  concurrency: 10,
  envelope: 'raw',
  attempts: { max: 5, byReason: { TIMEOUT: 3 } },
  backoff: { kind: 'full-jitter', firstDelayMs: 5_000, capMs: 900_000, base: 2 },
  maxReceiveCount: 1_000,
  retentionSeconds: 345_600,
  deadLetterRetentionSeconds: 1_209_600,
  screening: { maxBytes: 1_048_576, json: true },
  signature: { prefix: '', algorithm: 'sha256', acceptPrevious: true },
  circuit: {
    failureThreshold: 5,
    failureRatio: 0.5,
    minReporters: 1,
    localThreshold: 5,
    successThreshold: 2,
    openForMs: 60_000,
    maxOpenForMs: 300_000,
    windowMs: 60_000,
    probeTimeoutMs: 30_000,
    cacheForMs: 5_000,
  },
  killSwitch: {
    minMessages: 10,
    share: 0.15,
    windowMs: 60_000,
    openForMs: 60_000,
    maxOpenForMs: 300_000,
  },
  onExhausted: 'dead-letter',
  observability: DEFAULT_OBSERVABILITY,
  runTimeConfiguration: { refreshSeconds: 60 },
} as const satisfies {
  concurrency: number;
  envelope: EnvelopeKind;
  attempts: AttemptSettings;
  backoff: BackoffSettings;
  maxReceiveCount: number;
  retentionSeconds: number;
  deadLetterRetentionSeconds: number;
  screening: ScreeningSettings;
  signature: Partial<SignatureSettings>;
  circuit: CircuitSettings;
  killSwitch: KillSwitchSettings;
  onExhausted: OnExhausted;
  observability: Observability;
  runTimeConfiguration: Partial<RunTimeConfigurationSettings>;
};

/** Name of the circuit that a consumer has when it names none. */
export const DEFAULT_CIRCUIT = 'default';

/**
 * Name of the circuit that every consumer has of its own: its intake. Open, it holds all messages: the kill switch opens
 * it, a halted FIFO queue and operators force it open. No other circuit may be called so.
 */
export const INTAKE_CIRCUIT = 'intake';

/**
 * Default of `retryUntilSeconds`: an hour inside the retention, so that the move to the dead-letter queue happens
 * before SQS deletes the message; half of the retention where an hour would leave less.
 */
export function defaultRetryUntilSeconds(retentionSeconds: number): number {
  return Math.floor(Math.max(retentionSeconds - 3_600, retentionSeconds / 2));
}

/**
 * Time kept for settling, counted back from the function's time-out: 3 s, 2 ms for each message of a large batch, but a
 * quarter of the time at the most. Handlers are stopped before it. Milliseconds.
 */
export function settlingReserveMs(functionMs: number, messages = 1): number {
  return Math.min(Math.max(3_000, messages * 2), functionMs / 4);
}

/** Bounds that SQS and Lambda set. Source: the SQS and Lambda quotas pages of the AWS documentation. */
export const LIMITS = {
  /** Longest visibility timeout, counted from the receive. Seconds. */
  maxVisibilitySeconds: 43_200,
  /** Largest message: body and attributes together. Bytes. */
  maxMessageBytes: 1_048_576,
  /** Most message attributes. */
  maxMessageAttributes: 10,
  /** Entries, and bytes in all, of one batch call. */
  maxBatchEntries: 10,
} as const;

/** Message attribute in which the failure envelope rides to the dead-letter and quarantine queues. */
export const FAILURE_ATTRIBUTE = 'spillway-failure';

/** Message attribute in which a producer's id, creation time, priority and correlation id ride. */
export const MESSAGE_ATTRIBUTE = 'spillway-message';

/** Priorities of a message, lowest first. */
export const PRIORITIES = ['LOW', 'NORMAL', 'HIGH', 'CRITICAL'] as const;

/** Priority of a message. */
export type Priority = (typeof PRIORITIES)[number];

/** Environment variable in which the constructs give a producer the URLs of priority lanes, as JSON by priority. */
export const LANES_VARIABLE = 'SPILLWAY_LANES';
