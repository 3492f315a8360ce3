import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { ACCOUNT } from '../account.ts';
import { arrayAt, objectAt, parseJson, stringAt } from '../json.ts';
import { parseSchedule } from '../schedule/expression.ts';
import { startSchedule } from '../schedule/schedule.ts';
import type { DeployContext, Player } from './context.ts';
import type { ModelResource } from './model.ts';

type Deliver = (timeEpochMs: number) => void;

/** Run an EventBridge rule that has a schedule; one with an event pattern is named in a warning. */
export const playRule: Player = (resource, context) => {
  const properties = resource.properties();
  const expression = stringAt(properties, 'ScheduleExpression');
  if (expression === undefined) {
    context.warn(`${resource.constructPath}: event patterns of AWS::Events::Rule are not played`);
    return;
  }
  const deliveries = arrayAt(properties, 'Targets').map((target) =>
    delivery(resource, context, stringAt(target, 'Arn') ?? '', stringAt(target, 'Input'), (time) => ({
      version: '0',
      id: crypto.randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account: ACCOUNT,
      time: `${new Date(time).toISOString().slice(0, 19)}Z`,
      region: resource.region,
      resources: [resource.attribute('Arn')],
      detail: {},
    })),
  );
  schedule(resource, context, expression, stringAt(properties, 'State'), deliveries);
};

/** Run a schedule of EventBridge Scheduler. */
export const playSchedule: Player = (resource, context) => {
  const properties = resource.properties();
  const target = objectAt(properties, 'Target');
  const deliver = delivery(
    resource,
    context,
    stringAt(target, 'Arn') ?? '',
    stringAt(target, 'Input'),
    () => ({}),
  );
  const expression = stringAt(properties, 'ScheduleExpression') ?? '';
  const timeZone = stringAt(properties, 'ScheduleExpressionTimezone') ?? 'UTC';
  if (!['UTC', 'Etc/UTC'].includes(timeZone)) {
    context.warn(
      `${resource.constructPath}: the time zone ${timeZone} is not played: the schedule runs in UTC`,
    );
  }
  schedule(resource, context, expression, stringAt(properties, 'State'), [deliver]);
};

function schedule(
  resource: ModelResource,
  context: DeployContext,
  expression: string,
  state: string | undefined,
  deliveries: readonly Deliver[],
): void {
  const next = parseSchedule(expression);
  if (next === undefined) {
    context.warn(
      `${resource.constructPath}: the schedule expression ${expression} is not understood: it never fires`,
    );
  }
  const definition = {
    name: resource.constructPath,
    expression,
    enabled: state !== 'DISABLED',
    next: next ?? (() => undefined),
    run: (time: number) => {
      for (const deliver of deliveries) deliver(time);
    },
  };
  context.schedules.push(startSchedule(definition, context.signal, context.clock));
}

/** Deliver to a function, asynchronously, or to a queue; any other target is named in a warning. */
function delivery(
  resource: ModelResource,
  context: DeployContext,
  targetArn: string,
  input: string | undefined,
  makeEvent: (timeEpochMs: number) => unknown,
): Deliver {
  const event = (time: number): unknown => (input === undefined ? makeEvent(time) : parseJson(input));
  const target = context.findFunction(targetArn);
  if (target !== undefined) return (time) => target.invoker.invoke(event(time));
  const queue = context.queues.find(({ arn }) => arn === targetArn);
  if (queue !== undefined) {
    return (time) => {
      const body = new SendMessageCommand({ QueueUrl: queue.url, MessageBody: JSON.stringify(event(time)) });
      context
        .sqs(queue.region)
        .send(body)
        .catch((error: unknown) => context.warn(`${resource.constructPath}: ${String(error)}`));
    };
  }
  context.warn(`${resource.constructPath}: the target ${targetArn} of this schedule is not played`);
  return () => undefined;
}
