import type { AlarmFacts } from '../cloudwatch/alarms/alarm-book.ts';
import { alarmsOf, parseRule } from '../cloudwatch/alarms/composite.ts';
import { readActions, readMetricAlarm } from '../cloudwatch/alarms/definition.ts';
import { isObject, objectAt, parseJson, stringAt } from '../json.ts';
import type { DeployContext, Player } from './context.ts';
import type { ModelResource } from './model.ts';

/** Evaluate a metric alarm; one that cannot be is named in a warning. */
export const playAlarm: Player = (resource, context) => {
  attempt(resource, context, () => {
    context.cloudwatch.alarms.addMetric(factsOf(resource), readMetricAlarm(resource.properties()));
  });
  if ('WallClockWindow' in objectAt(resource.properties(), 'EvaluationWindow')) {
    context.warn(`${resource.constructPath}: wall clock windows are not played: the alarm's periods slide`);
  }
  warnOfActions(resource, context);
};

/** Evaluate a composite alarm; one that cannot be is named in a warning. */
export const playCompositeAlarm: Player = (resource, context) => {
  const properties = resource.properties();
  attempt(resource, context, () => {
    context.cloudwatch.alarms.addComposite(
      factsOf(resource),
      parseRule(stringAt(properties, 'AlarmRule') ?? ''),
    );
  });
  warnOfActions(resource, context);
  if ('ActionsSuppressor' in properties) {
    context.warn(`${resource.constructPath}: action suppression of composite alarms is not played`);
  }
};

/** Name composite alarms that go by alarms which are not there. Called once all alarms are. */
export function warnOfUnknownAlarms({ cloudwatch, warn }: Pick<DeployContext, 'cloudwatch' | 'warn'>): void {
  const { alarms } = cloudwatch.alarms;
  for (const alarm of alarms.filter(({ kind }) => kind === 'composite')) {
    for (const id of alarmsOf(parseRule(stringAt(alarm.properties, 'AlarmRule') ?? ''))) {
      if (alarms.some(({ name, arn }) => name === id || arn === id)) continue;
      warn(
        `${alarm.constructPath}: the alarm ${id} of its rule is not played: it counts as INSUFFICIENT_DATA`,
      );
    }
  }
}

/** Keep a dashboard; a body that is not JSON is named in a warning. */
export const playDashboard: Player = (resource, context) => {
  const body = bodyOf(stringAt(resource.properties(), 'DashboardBody') ?? '');
  if (body === undefined) {
    context.warn(`${resource.constructPath}: its DashboardBody is not a JSON object`);
    return;
  }
  const { stack, logicalId, constructPath, physicalId: name } = resource;
  context.cloudwatch.dashboards.push({ stack, logicalId, constructPath, name, body });
};

function bodyOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const body = parseJson(text);
    return isObject(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function factsOf(resource: ModelResource): AlarmFacts {
  const properties = resource.properties();
  return {
    stack: resource.stack,
    logicalId: resource.logicalId,
    constructPath: resource.constructPath,
    name: resource.physicalId,
    arn: resource.attribute('Arn'),
    description: stringAt(properties, 'AlarmDescription') ?? '',
    properties,
  };
}

function attempt({ constructPath }: ModelResource, { warn }: DeployContext, play: () => void): void {
  try {
    play();
  } catch (error) {
    warn(
      `${constructPath}: this alarm is not played: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function warnOfActions(resource: ModelResource, { fauxqs, warn }: DeployContext): void {
  const actions = new Set(Object.values(readActions(resource.properties())).flat());
  for (const action of actions) {
    if (action.split(':')[2] === 'sns' && fauxqs !== undefined) continue;
    warn(`${resource.constructPath}: the alarm action ${action} is not played`);
  }
}
