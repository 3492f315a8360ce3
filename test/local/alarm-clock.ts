import type { Template } from 'aws-cdk-lib/assertions';
import { createAlarmBook } from '../../local/cloudwatch/alarms/alarm-book.ts';
import { parseRule } from '../../local/cloudwatch/alarms/composite.ts';
import { type MetricAlarmDefinition, readMetricAlarm } from '../../local/cloudwatch/alarms/definition.ts';
import type { LocalAlarm, MetricId } from '../../local/cloudwatch/cloudwatch.ts';
import { createMetricStore } from '../../local/cloudwatch/metric-store.ts';
import { stackClock } from '../../local/cloudwatch/stack-clock.ts';
import type { Minute } from './alarm-cases.ts';

const MINUTE_MS = 60_000;
const T0 = Date.UTC(2026, 10, 26, 9, 0);

/** The alarms of a synthesized consumer, with metrics that a test makes up and a clock that it moves. */
export function alarmClock(template: Template) {
  let minute = 0;
  const store = createMetricStore();
  const book = createAlarmBook({
    store,
    clock: stackClock(1, () => T0 + minute * MINUTE_MS),
    onError: (_alarm, error) => {
      throw error;
    },
  });
  const definitions = new Map<string, MetricAlarmDefinition>();
  const grown = new Map<string, number>();
  const factsOf = (logicalId: string, properties: Record<string, unknown>) => {
    const name = logicalId.replace(/^ConsumerAlarms|[0-9A-F]{8}$/g, '');
    const arn = `${logicalId}.Arn`;
    return { stack: 'Shop', logicalId, constructPath: name, name, arn, description: '', properties };
  };
  for (const [logicalId, properties] of alarmsOf(template, 'AWS::CloudWatch::Alarm')) {
    const facts = factsOf(logicalId, properties);
    definitions.set(facts.name, readMetricAlarm(properties));
    book.addMetric(facts, readMetricAlarm(properties));
  }
  for (const [logicalId, properties] of alarmsOf(template, 'AWS::CloudWatch::CompositeAlarm')) {
    book.addComposite(factsOf(logicalId, properties), parseRule(String(properties.AlarmRule)));
  }
  const find = (name: string): LocalAlarm => {
    const found = book.alarms.find((alarm) => alarm.name === name);
    if (found === undefined) throw new Error(`no alarm ${name}`);
    return found;
  };
  const definition = (name: string): MetricAlarmDefinition => {
    const found = definitions.get(name);
    if (found === undefined) throw new Error(`no metric alarm ${name}`);
    return found;
  };
  const metricsOf = (name: string): MetricId[] =>
    definition(name).queries.flatMap((query) => ('metric' in query ? [query.metric] : []));

  return {
    names: [...definitions.keys()],
    definition,
    state: (name: string) => find(name).state,
    setState: (name: string, state: LocalAlarm['state']) => book.setState(find(name), state, 'a test'),
    /** Let a minute pass in which the metrics of alarms show what is given, then evaluate all alarms. */
    pass(shown: Readonly<Record<string, Minute>>): void {
      for (const [name, values] of Object.entries(shown)) {
        for (const id of metricsOf(name)) {
          const value = values[id.metricName];
          if (value === undefined) continue;
          const key = `${name} ${id.metricName}`;
          const next = typeof value === 'number' ? value : (grown.get(key) ?? 0) + value.grow;
          grown.set(key, next);
          store.metric(id)?.add(T0 + minute * MINUTE_MS, next);
        }
      }
      minute += 1;
      book.evaluate(T0 + minute * MINUTE_MS);
    },
  };
}

function alarmsOf(template: Template, type: string): [string, Record<string, unknown>][] {
  return Object.entries(template.findResources(type)).map(([id, { Properties }]) => {
    const resolved = resolve(Properties);
    return [id, isRecord(resolved) ? resolved : {}];
  });
}

/** A template's value with `<id>.<attribute>` for references. */
function resolve(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolve);
  if (!isRecord(value)) return value;
  if ('Ref' in value) return String(value.Ref);
  const { 'Fn::GetAtt': attribute, 'Fn::Join': join } = value;
  if (Array.isArray(attribute)) return attribute.join('.');
  if (Array.isArray(join)) return [join[1]].flat().map(resolve).join(String(join[0]));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolve(each)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
