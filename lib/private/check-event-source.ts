import { Stack, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { SqsEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { RANGES } from '../../lambdas/core/ranges.ts';
import type { AnyFunction, ResilientConsumerProps } from '../resilient-consumer-props.ts';
import { type Problems, secondsOf } from './problems.ts';
import { reservedConcurrency, resourceOf } from './target-function.ts';

const UNWINDOWED_BATCH = 10;
const FIFO_BATCH_RULE = 'Lambda hands at most 10 messages of a FIFO queue to an invocation';
const WINDOW_RULE = 'Lambda collects more than 10 messages only over a batching window of 1 second or more';
/** Invocations at a time that an SQS event source can be limited to, at the least. Source: the Lambda API reference. */
const LEAST_CONCURRENCY = RANGES.maxConcurrency.min;
const CONCURRENCY_RULE = 'Lambda limits an SQS event source to 2 to 1,000 invocations at a time';
const BATCH_RULE = 'Lambda hands 1 to 10,000 messages to an invocation';

/**
 * Check how the queue is polled, and return what of it the event source can be given.
 *
 * Whether it is enabled is the controller's to say, if there is one: a template that says it too would have a
 * deployment open what is paused. Without a controller it is said, so that one that is taken away changes a property,
 * and CloudFormation enables what was left paused.
 */
export function checkEventSource(
  props: ResilientConsumerProps,
  { fifo, controlled }: { readonly fifo: boolean; readonly controlled: boolean },
  problems: Problems,
): SqsEventSourceProps {
  const { batchSize = UNWINDOWED_BATCH, maxBatchingWindow, maxConcurrency } = props;
  const window = secondsOf(maxBatchingWindow);
  const windowIsToken = maxBatchingWindow?.isUnresolved() ?? false;
  let usable = problems.integer('batchSize', batchSize, RANGES.batchSize, BATCH_RULE);
  const windowRule = 'Lambda waits for a batch for at most 5 minutes';
  let windowUsable = problems.seconds(
    'maxBatchingWindow',
    maxBatchingWindow,
    RANGES.batchingWindowSeconds,
    windowRule,
  );
  if (fifo && maxBatchingWindow !== undefined) {
    const because = 'Lambda does not collect the messages of a FIFO queue over time';
    problems.add('maxBatchingWindow', 'must be left out for a FIFO queue', maxBatchingWindow, because);
    windowUsable = false;
  }
  if (usable && !Token.isUnresolved(batchSize) && batchSize > UNWINDOWED_BATCH) {
    if (fifo) {
      problems.add('batchSize', 'must be at most 10 for a FIFO queue', batchSize, FIFO_BATCH_RULE);
      usable = false;
    } else if (!windowIsToken && (window ?? 0) < 1) {
      problems.add('batchSize', 'must be at most 10 without a maxBatchingWindow', batchSize, WINDOW_RULE);
      usable = false;
    }
  }
  const concurrencyUsable = problems.integer(
    'maxConcurrency',
    maxConcurrency,
    RANGES.maxConcurrency,
    CONCURRENCY_RULE,
  );
  return {
    reportBatchItemFailures: true,
    ...(!controlled && { enabled: true }),
    batchSize: usable ? batchSize : UNWINDOWED_BATCH,
    ...(windowUsable && maxBatchingWindow !== undefined && { maxBatchingWindow }),
    ...(concurrencyUsable && maxConcurrency !== undefined && { maxConcurrency }),
  };
}

/**
 * Check the maximum concurrency of all the function's SQS event sources against what is reserved for it.
 *
 * @param controlled id of the one that an intake controller opens, if there is one
 */
export function checkReservedConcurrency(
  target: AnyFunction,
  controlled: string | undefined,
  problems: Problems,
): void {
  const reserved = reservedConcurrency(target);
  if (reserved === undefined) return;
  const tooFewToOpen = controlled !== undefined && reserved < LEAST_CONCURRENCY;
  if (tooFewToOpen) {
    problems.add(
      'reservedConcurrentExecutions',
      `must be ${LEAST_CONCURRENCY} or more for a function whose intake is controlled, or intake must be false`,
      reserved,
      'after a pause the controller opens the event source to 2 invocations at a time, the least that Lambda takes, ' +
        'and that may not exceed what is reserved',
    );
  }
  // Without a limit of its own it is given the least one for a while; where that is too much, it has been said.
  const least = tooFewToOpen ? 0 : LEAST_CONCURRENCY;
  const sum = mappingsOf(target)
    .map((mapping) => maximumConcurrencyOf(mapping) ?? (isMapping(mapping, controlled) ? least : 0))
    .reduce((total, maximum) => total + maximum, 0);
  if (sum <= reserved) return;
  problems.add(
    'maxConcurrency',
    `must, summed over the function's event sources, be at most its reserved concurrency of ${reserved}`,
    sum,
    'Lambda throttles what goes beyond, and a throttled message uses up a receive',
  );
}

function mappingsOf(target: AnyFunction): lambda.CfnEventSourceMapping[] {
  const resource = resourceOf(target);
  if (resource === undefined) return [];
  const stack = Stack.of(resource);
  const own = JSON.stringify(stack.resolve(resource.ref));
  return stack.node
    .findAll()
    .filter((node) => node instanceof lambda.CfnEventSourceMapping)
    .filter((mapping) => JSON.stringify(stack.resolve(mapping.functionName)) === own);
}

function isMapping(mapping: lambda.CfnEventSourceMapping, id: string | undefined): boolean {
  const stack = Stack.of(mapping);
  return JSON.stringify(stack.resolve(mapping.ref)) === JSON.stringify(stack.resolve(id));
}

function maximumConcurrencyOf(mapping: lambda.CfnEventSourceMapping): number | undefined {
  const scaling: unknown = Stack.of(mapping).resolve(mapping.scalingConfig);
  if (typeof scaling !== 'object' || scaling === null || !('maximumConcurrency' in scaling)) return undefined;
  return typeof scaling.maximumConcurrency === 'number' ? scaling.maximumConcurrency : undefined;
}
