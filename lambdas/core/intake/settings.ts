import type { Observability } from '../metric-names.ts';

/** Environment variable that holds the settings of the intake controller as JSON. */
export const INTAKE_SETTINGS_VARIABLE = 'SPILLWAY_INTAKE';

/** A consumer whose event source the intake controller pauses and opens. */
export interface ControlledConsumer {
  /** Stable id of the consumer. */
  readonly consumerId: string;
  /** Id of its event source mapping. */
  readonly mappingId: string;
  /** Names of the circuits that it needs; the one it has when it names none is `default`. */
  readonly circuits: readonly string[];
  /** Invocations at a time that its event source is set to. 2 to 1,000; absent: no limit. */
  readonly maxConcurrency?: number;
  /** Age at which its messages expire. Seconds. */
  readonly retryUntilSeconds: number;
  /** Message retention of its queue. Seconds. */
  readonly retentionSeconds: number;
  /** How many metrics are emitted for it; absent: the essential ones. */
  readonly observability?: Observability;
}

/** Everything that the intake controller needs to know about its deployment. */
export interface IntakeControllerSettings {
  /** Name of the state table. */
  readonly stateTable: string;
  /** URL of the queue that invokes it. */
  readonly controlQueueUrl: string;
  /** Time between two steps of the way back to full concurrency. Milliseconds, 1,000 or more. */
  readonly rampStepMs: number;
  /** The consumers. */
  readonly consumers: readonly ControlledConsumer[];
}

/** Defaults of what the controller's constructs may leave out. */
export const INTAKE_DEFAULTS = {
  rampStepMs: 10_000,
} as const;

/** What the control queue carries. It is a hint: the tables decide. */
export type ControlMessage =
  /** A circuit changed: look at the consumers that need it. */
  | {
      readonly kind: 'circuit-changed';
      readonly key: string;
      /** Of the message that was being handled when it changed: for who follows it, not for the controller. */
      readonly correlationId?: string;
    }
  /** The time to look has come that was noted for a circuit's version, or for a consumer. */
  | { readonly kind: 'timer'; readonly key: string; readonly version: number };
