import { ApiError } from '../emulators/json-service.ts';
import type { Poller } from './poller.ts';

/** States of an event source mapping, as the Lambda API names them. */
export type MappingState = 'Enabled' | 'Enabling' | 'Disabled' | 'Disabling' | 'Updating';

/** What an update may change. */
export interface MappingChange {
  readonly enabled?: boolean;
  readonly batchSize?: number;
  readonly batchingWindowSeconds?: number;
  /** `null` takes the limit away. */
  readonly maximumConcurrency?: number | null;
}

/** What an event source mapping is made of. */
export interface MappingDefinition {
  readonly uuid: string;
  readonly queueArn: string;
  readonly functionArn: string;
  readonly functionName: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly maximumConcurrency?: number;
  readonly reportsFailures: boolean;
  readonly poller: Poller;
  /** How long a change of state takes; on AWS seconds to a minute. */
  readonly stateChangeMs: number;
}

/** An SQS event source mapping that the Lambda API can read and change. */
export interface EventSourceMapping {
  readonly uuid: string;
  readonly queueArn: string;
  readonly functionArn: string;
  readonly functionName: string;
  readonly state: MappingState;
  /** Batches that are being handled now. */
  readonly busy: number;
  /** Start polling, if the template enables it. */
  start(): void;
  /** Change it; takes effect after the state change time. */
  update(change: MappingChange): void;
  /** As the Lambda API describes it. */
  describe(): Record<string, unknown>;
  /** End polling for good; resolves when the batches already received are settled. */
  close(): Promise<void>;
}

/** Batches that are handled at a time if the template sets no MaximumConcurrency: where Lambda starts, too. */
export const DEFAULT_CONCURRENCY = 5;

/**
 * Create an event source mapping. Enabling, disabling and updating are asynchronous: the old state goes on during the
 * state change time, and a second change in that time is refused with ResourceInUseException, as on AWS.
 */
export function createMapping(definition: MappingDefinition): EventSourceMapping {
  const { poller } = definition;
  let state: MappingState = definition.enabled ? 'Enabled' : 'Disabled';
  let current: Required<Omit<MappingChange, 'enabled'>> = {
    batchSize: definition.batchSize,
    batchingWindowSeconds: definition.batchingWindowSeconds,
    maximumConcurrency: definition.maximumConcurrency ?? null,
  };
  let reason = 'USER_INITIATED';
  let modifiedAtEpochMs = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const apply = (enabled: boolean, settings: typeof current): void => {
    current = settings;
    state = enabled ? 'Enabled' : 'Disabled';
    modifiedAtEpochMs = Date.now();
    poller.configure({
      batchSize: settings.batchSize,
      batchingWindowMs: settings.batchingWindowSeconds * 1000,
      maxConcurrency: settings.maximumConcurrency ?? DEFAULT_CONCURRENCY,
    });
    if (enabled) poller.start();
    else void poller.stop();
  };

  return {
    uuid: definition.uuid,
    queueArn: definition.queueArn,
    functionArn: definition.functionArn,
    functionName: definition.functionName,
    get state() {
      return state;
    },
    get busy() {
      return poller.busy;
    },
    start() {
      if (state === 'Enabled') poller.start();
    },
    update({ enabled, ...change }) {
      if (state !== 'Enabled' && state !== 'Disabled') {
        throw new ApiError(
          400,
          'ResourceInUseException',
          `Cannot update the event source mapping because it is in use: its state is ${state}.`,
        );
      }
      const wasEnabled = state === 'Enabled';
      const willBeEnabled = enabled ?? wasEnabled;
      const settings = { ...current, ...change };
      state = willBeEnabled === wasEnabled ? 'Updating' : willBeEnabled ? 'Enabling' : 'Disabling';
      reason = 'USER_INITIATED';
      modifiedAtEpochMs = Date.now();
      timer = setTimeout(() => {
        if (!closed) apply(willBeEnabled, settings);
      }, definition.stateChangeMs);
    },
    describe: () => ({
      UUID: definition.uuid,
      EventSourceArn: definition.queueArn,
      FunctionArn: definition.functionArn,
      EventSourceMappingArn: `${definition.functionArn.split(':function:')[0]}:event-source-mapping:${definition.uuid}`,
      State: state,
      StateTransitionReason: reason,
      LastModified: modifiedAtEpochMs / 1000,
      BatchSize: current.batchSize,
      MaximumBatchingWindowInSeconds: current.batchingWindowSeconds,
      FunctionResponseTypes: definition.reportsFailures ? ['ReportBatchItemFailures'] : [],
      ...(current.maximumConcurrency === null
        ? {}
        : { ScalingConfig: { MaximumConcurrency: current.maximumConcurrency } }),
    }),
    async close() {
      closed = true;
      clearTimeout(timer);
      await poller.stop();
    },
  };
}
