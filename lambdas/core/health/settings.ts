/** Environment variable that holds the settings of a health check as JSON. */
export const HEALTH_SETTINGS_VARIABLE = 'SPILLWAY_HEALTH';

/** Kinds of components that can be critical. */
export const HEALTH_KINDS = [
  'stateTable',
  'circuits',
  'queueAge',
  'deadLetters',
  'quarantine',
  'eventSource',
  'intake',
] as const;

/** A kind of components. */
export type HealthKind = (typeof HEALTH_KINDS)[number];

/** Two limits of one quantity. */
export interface HealthLimits {
  /** Above this it is DEGRADED. 0 or more. */
  readonly degraded: number;
  /** Above this it is UNHEALTHY. At least `degraded`. */
  readonly unhealthy: number;
}

/** From where on a component is not well. */
export interface HealthThresholds {
  /** Age of the oldest message in the queue. Seconds. */
  readonly queueAgeSeconds: HealthLimits;
  /** Messages by which the dead-letter queue grew in any of the last five minutes. */
  readonly deadLetterGrowth: HealthLimits;
  /** The same of the quarantine queue. */
  readonly quarantineGrowth: HealthLimits;
  /** How long a circuit may be half-open before it is UNHEALTHY. Milliseconds. */
  readonly halfOpenForMs: number;
}

/** A consumer whose components are checked. */
export interface WatchedConsumer {
  /** Stable id of the consumer. */
  readonly consumerId: string;
  /** Names of its queue, its dead-letter queue and its quarantine queue. */
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly quarantineQueue: string;
  /** Id of its event source mapping. */
  readonly mappingId: string;
  /** Names of the circuits that it needs; the one it has when it names none is `default`. */
  readonly circuits: readonly string[];
  /** Age at which its messages expire. Seconds. */
  readonly retryUntilSeconds: number;
  /** Message retention of its queue. Seconds. */
  readonly retentionSeconds: number;
}

/** Everything that a health check needs to know about its deployment. */
export interface HealthSettings {
  /** Name of the state table that the consumers share. Absent where there are no consumers. */
  readonly stateTable?: string;
  readonly consumers: readonly WatchedConsumer[];
  /** For each kind of components, whether the whole is not ready while one of them is UNHEALTHY. */
  readonly critical: Readonly<Record<HealthKind, boolean>>;
  readonly thresholds: HealthThresholds;
  /** How long what the state table and checks of one's own say is good. Milliseconds, 0 to 60,000. */
  readonly cacheForMs: number;
  /** The same of what CloudWatch and Lambda say: what they are asked costs money, or a small quota. Milliseconds, 0 to 60,000. */
  readonly apiCacheForMs: number;
  /** Longest time until an answer; who has not answered by then could not be checked. Milliseconds, 50 to 25,000. */
  readonly timeoutMs: number;
  /** Whether answers over HTTP tell of components; without, they have the status alone. */
  readonly details: boolean;
}

/** Defaults of what a health check may leave out. */
export const HEALTH_DEFAULTS = {
  // What circuits, dead letters and quarantine tell of is being handled, or has happened to messages and not to the service.
  critical: {
    stateTable: true,
    circuits: false,
    queueAge: true,
    deadLetters: false,
    quarantine: false,
    eventSource: true,
    intake: true,
  },
  thresholds: {
    queueAgeSeconds: { degraded: 300, unhealthy: 3_600 },
    deadLetterGrowth: { degraded: 10, unhealthy: 100 },
    quarantineGrowth: { degraded: 10, unhealthy: 100 },
    halfOpenForMs: 300_000,
  },
  cacheForMs: 5_000,
  apiCacheForMs: 60_000,
  timeoutMs: 2_000,
  details: true,
} as const satisfies Omit<HealthSettings, 'stateTable' | 'consumers'>;

/**
 * What the options may be, both ends included. Answers of Lambda may be no older than 60 seconds: for two minutes after it
 * opened an event source, the intake controller's marker stands to explain that it was disabled.
 */
export const HEALTH_RANGES = {
  cacheForMs: { min: 0, max: 60_000 },
  apiCacheForMs: { min: 0, max: 60_000 },
  timeoutMs: { min: 50, max: 25_000 },
  queueAgeSeconds: { min: 0, max: 1_209_600 },
  growth: { min: 0, max: 1_000_000 },
  halfOpenForMs: { min: 1, max: 86_400_000 },
} as const;
