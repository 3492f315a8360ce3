import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import type { ResilienceAlarmsOptions } from '../monitoring/alarm-options.ts';
import { ResilienceAlarms } from '../monitoring/resilience-alarms.ts';
import type { ResilientConsumer } from '../resilient-consumer.ts';

/** The alarms of a consumer, with those that are asked for; undefined if there are none. */
export function consumerAlarms(
  consumer: ResilientConsumer,
  options: ResilienceAlarmsOptions,
  runTimeConfigured: boolean,
): ResilienceAlarms | undefined {
  const { queue, consumerId, intake, settings } = consumer;
  const { observability, killSwitch, retryUntilSeconds } = settings;
  const alarms = new ResilienceAlarms(consumer, 'Alarms', {
    ...options,
    ...(killSwitch === false && { killSwitch }),
    ...(observability !== 'off' && canWatchFunction(consumer, options) && { function: consumer.function }),
    observability,
    intakeControlled: intake !== undefined,
    runTimeConfigured,
    queue,
    consumerId,
    retryUntil: Duration.seconds(retryUntilSeconds),
  });
  return alarms.alarms.length > 0 ? alarms : undefined;
}

/** The function of another stack needs this one, with its queue, first: so an alarm here cannot name it. */
function canWatchFunction(consumer: ResilientConsumer, { functionErrors }: ResilienceAlarmsOptions): boolean {
  if (functionErrors === false || Stack.of(consumer.function) === Stack.of(consumer)) return true;
  Annotations.of(consumer).addWarningV2(
    'spillway:functionErrorsNotWatched',
    'the function is in another stack, so there is no alarm FunctionErrors: watch its Errors there, or set ' +
      'alarms.functionErrors to false',
  );
  return false;
}
