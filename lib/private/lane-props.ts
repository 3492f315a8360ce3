import { RANGES } from '../../lambdas/core/ranges.ts';
import type { Priority } from '../../lambdas/core/settings.ts';
import type { LaneProps, PriorityLanesProps } from '../priority-lanes-props.ts';
import type { ResilientConsumerProps } from '../resilient-consumer-props.ts';

/** Few, since the first message of a batch holds its place until the last one is done. */
const CRITICAL_BATCH = 5;

type Circuits = NonNullable<ResilientConsumerProps['circuits']>;

/** What the consumer of a lane is given, but for what tells it apart from the others. */
export type LaneConsumerProps = Omit<
  ResilientConsumerProps,
  'queue' | 'maxConcurrency' | 'consumerId' | 'idempotencyScope'
>;

/** Properties of the consumer of a lane, whose part of the whole is `share`: those of all, then the lane's own. */
export function laneConsumerProps(
  props: PriorityLanesProps,
  priority: Priority,
  share: number,
): LaneConsumerProps {
  const { maxConcurrency: _budget, weights: _weights, consumerId: _id, queues: _queues, ...rest } = props;
  const { lanes = {}, batchSize, maxBatchingWindow, functionProps, alarms, ...shared } = rest;
  const { functionProps: ownFunction, alarms: ownAlarms, ...own } = lanes[priority] ?? {};
  const urgent = priority === 'CRITICAL';
  const polling: Pick<LaneProps, 'batchSize' | 'maxBatchingWindow'> = urgent
    ? { batchSize: CRITICAL_BATCH }
    : {
        ...(batchSize !== undefined && { batchSize }),
        ...(maxBatchingWindow !== undefined && { maxBatchingWindow }),
      };
  const { circuits } = shared;
  return {
    ...shared,
    ...polling,
    ...own,
    ...(circuits !== undefined && { circuits: withParts(circuits, priority, share) }),
    functionProps: {
      ...functionProps,
      ...ownFunction,
      environment: { ...functionProps?.environment, ...ownFunction?.environment },
    },
    ...alarmsOf(alarms, ownAlarms),
  };
}

/**
 * Rate limits are divided as the concurrency is. On one timeline, the waiting messages of a lane that is flooded would
 * have all the next turns, and urgent ones would come behind them.
 */
function withParts(circuits: Circuits, priority: Priority, share: number): Circuits {
  const part = { name: priority.toLowerCase(), share: Math.max(RANGES.part.min, share) };
  return Object.fromEntries(
    Object.entries(circuits).map(([name, circuit]) => [
      name,
      circuit.rateLimit === undefined ? circuit : { ...circuit, rateLimit: { part, ...circuit.rateLimit } },
    ]),
  );
}

/** A lane's own thresholds beside those of all; a lane may also have none, or alone have some. */
function alarmsOf(all: LaneProps['alarms'], own: LaneProps['alarms']): Pick<LaneConsumerProps, 'alarms'> {
  const chosen = own ?? all;
  if (chosen === undefined) return {};
  if (chosen === false) return { alarms: false };
  return { alarms: { ...(all === false ? {} : all), ...chosen } };
}
