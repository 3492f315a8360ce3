import { arrayAt, booleanAt, numberAt, objectAt, stringAt } from '../json.ts';
import { clientSource } from '../sqs/client-source.ts';
import { emulatorSource } from '../sqs/emulator-source.ts';
import { createMapping, DEFAULT_CONCURRENCY } from '../sqs/mapping.ts';
import { createPoller } from '../sqs/poller.ts';
import type { Player } from './context.ts';

const DEFAULT_BATCH_SIZE = 10;

/** Connect a function URL's server, which listens already, to its function. */
export const playUrl: Player = (resource, context) => {
  const properties = resource.properties();
  const target = context.findFunction(stringAt(properties, 'TargetFunctionArn') ?? '');
  if (target === undefined) {
    context.warn(`${resource.constructPath}: the function of this URL is not played`);
    return;
  }
  if (stringAt(properties, 'AuthType') !== 'NONE') {
    context.warn(
      `${resource.constructPath}: AWS_IAM authorization is not enforced: anybody on this machine may call`,
    );
  }
  if (stringAt(properties, 'InvokeMode') === 'RESPONSE_STREAM') {
    context.warn(`${resource.constructPath}: response streaming is not played: responses are buffered`);
  }
  target.url = resource.attribute('FunctionUrl');
  context.functionUrl(resource)?.connect((event) => target.runner.invoke(event));
};

/** Create an SQS event source mapping; it starts to poll once everything is deployed. */
export const playEventSourceMapping: Player = (resource, context) => {
  const properties = resource.properties();
  const sourceArn = stringAt(properties, 'EventSourceArn') ?? '';
  const queue = context.queues.find(({ arn }) => arn === sourceArn);
  const target = context.findFunction(stringAt(properties, 'FunctionName') ?? '');
  if (queue === undefined || target === undefined) {
    const what =
      target === undefined ? 'its function is not played' : `${sourceArn} is not a queue of the assembly`;
    context.warn(`${resource.constructPath}: this event source is not played: ${what}`);
    return;
  }
  if (arrayAt(objectAt(properties, 'FilterCriteria'), 'Filters').length > 0) {
    context.warn(
      `${resource.constructPath}: event filters are not played (on AWS they delete what they filter out)`,
    );
  }
  const maximumConcurrency = numberAt(objectAt(properties, 'ScalingConfig'), 'MaximumConcurrency');
  const { maxEnvironments } = context.runner;
  if (maximumConcurrency !== undefined && maximumConcurrency > maxEnvironments) {
    context.warn(
      `${resource.constructPath}: at most ${maxEnvironments} batches at a time (option maxEnvironments), not ${maximumConcurrency}`,
    );
  }
  const batchSize = numberAt(properties, 'BatchSize') ?? DEFAULT_BATCH_SIZE;
  const batchingWindowSeconds = numberAt(properties, 'MaximumBatchingWindowInSeconds') ?? 0;
  const reportsFailures = arrayAt(properties, 'FunctionResponseTypes').includes('ReportBatchItemFailures');
  const emulated = context.fauxqs?.store.getQueueByArn(queue.arn);
  const source =
    context.fauxqs === undefined || emulated === undefined
      ? clientSource(context.sqs(queue.region), queue.url)
      : emulatorSource(context.fauxqs.store, emulated, context.requests);
  const poller = createPoller({
    source,
    queueArn: queue.arn,
    region: queue.region,
    settings: {
      batchSize,
      batchingWindowMs: batchingWindowSeconds * 1000,
      maxConcurrency: maximumConcurrency ?? DEFAULT_CONCURRENCY,
      reportsFailures,
    },
    concurrencyLimit: maxEnvironments,
    invoke: (event) => target.runner.invoke(event),
    onWarning: context.warn,
  });
  context.mappings.push(
    createMapping({
      uuid: resource.physicalId,
      queueArn: queue.arn,
      functionArn: target.runner.definition.arn,
      functionName: target.runner.definition.name,
      enabled: booleanAt(properties, 'Enabled') ?? true,
      batchSize,
      batchingWindowSeconds,
      reportsFailures,
      poller,
      stateChangeMs: context.stateChangeMs,
      ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
    }),
  );
};

/** Take over how often an asynchronous event is tried again. */
export const playEventInvokeConfig: Player = (resource, context) => {
  const properties = resource.properties();
  const target = context.findFunction(stringAt(properties, 'FunctionName') ?? '');
  const retries = numberAt(properties, 'MaximumRetryAttempts');
  if (target !== undefined && retries !== undefined) target.invoker.maxRetries = retries;
  if (Object.keys(objectAt(properties, 'DestinationConfig')).length > 0) {
    context.warn(`${resource.constructPath}: destinations of asynchronous invocation are not played`);
  }
};
