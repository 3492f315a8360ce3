import { Logger } from '@aws-lambda-powertools/logger';
import type { Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { intakeTelemetry } from '../../lambdas/aws/intake-telemetry.ts';
import { powertoolsTelemetry } from '../../lambdas/aws/telemetry.ts';
import { powertoolsMetrics } from '../../lambdas/aws/telemetry-metrics.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import type { IntakeEvent } from '../../lambdas/core/intake/events.ts';
import { LogQueries, type LogQueriesProps, ResilienceDashboard } from '../../lib/index.ts';
import { SAVED_QUERIES } from '../../lib/monitoring/log-queries/queries.ts';
import { consoleLines } from '../aws/console-lines.ts';
import { receivedMessage } from '../core/fixtures.ts';
import { consumerIn, problemsOf, synth } from './synth.ts';

const QUERY = 'AWS::Logs::QueryDefinition';

const two =
  (props: Partial<LogQueriesProps> = {}) =>
  (stack: Stack): void => {
    const orders = consumerIn(stack, { consumerId: 'orders' }, 'Orders');
    const invoices = consumerIn(stack, { consumerId: 'invoices' }, 'Invoices');
    new LogQueries(stack, 'Queries', { consumers: [orders, invoices], ...props });
  };

describe('saved queries', () => {
  it('ask the logs of all consumers and of their controller, each once', () => {
    const queries = Object.values(synth(two()).findResources(QUERY));
    expect(queries).toHaveLength(SAVED_QUERIES.length);
    for (const { Properties } of queries) {
      expect(Properties.LogGroupNames).toEqual([
        { Ref: expect.stringMatching(/^OrdersLogs/) },
        { Ref: expect.stringMatching(/^InvoicesLogs/) },
        { Ref: expect.stringMatching(/^SpillwayIntakeControllerLogs/) },
      ]);
    }
  });

  it('are in a folder of the stack, or in the one that is asked for', () => {
    synth(two()).hasResourceProperties(QUERY, { Name: 'spillway/Shop/failures by fingerprint' });
    synth(two({ folder: 'shop' })).hasResourceProperties(QUERY, { Name: 'shop/one correlation id' });
  });

  it('ask the log group that Lambda makes of a function that names none', () => {
    const template = synth((stack) => {
      const imported = LambdaFunction.fromFunctionName(stack, 'Imported', 'shop-orders');
      const consumers = [consumerIn(stack, { function: imported, intake: false })];
      new LogQueries(stack, 'Queries', { consumers });
    });
    const [query] = Object.values(template.findResources(QUERY));
    const [name] = query?.Properties.LogGroupNames ?? [];
    expect(JSON.stringify(name)).toMatch(/"\/aws\/lambda\/".*:function:shop-orders/);
  });

  it('come with a dashboard, unless they are left out', () => {
    const dashboard = (queries?: boolean) => (stack: Stack) => {
      const consumers = [consumerIn(stack)];
      new ResilienceDashboard(stack, 'D', { consumers, ...(queries !== undefined && { queries }) });
    };
    synth(dashboard()).resourceCountIs(QUERY, SAVED_QUERIES.length);
    synth(dashboard(false)).resourceCountIs(QUERY, 0);
  });

  it('are refused beyond 50 log groups, and with a name that is too long', () => {
    const problems = problemsOf((stack) => {
      const consumers = Array.from({ length: 51 }, (_, at) => {
        const imported = LambdaFunction.fromFunctionName(stack, `F${at}`, `f${at}`);
        return consumerIn(stack, { function: imported, intake: false, alarms: false }, `C${at}`);
      });
      new LogQueries(stack, 'Queries', { consumers, folder: 'x'.repeat(250) });
    });
    expect(problems).toEqual([
      expect.stringContaining('[Shop/Queries] consumers must be an integer from 1 to 50 log groups, got 51'),
      expect.stringContaining('folder must not be empty, and with the names of the queries take at most 255'),
    ]);
  });
});

/** Words of the language that are no fields. */
const WORDS = new Set(
  'filter fields stats sort limit desc asc as by and or in like ispresent count count_distinct latest min max coalesce'.split(
    ' ',
  ),
);
/** Fields of Lambda's own lines (https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html). */
const PLATFORM = new Set([
  'type',
  'record.requestId',
  'record.status',
  'record.errorType',
  'record.metrics.durationMs',
  'record.metrics.maxMemoryUsedMB',
]);

const message = receivedMessage({ correlationId: 'c-1' });
const error = { name: 'OrderError', message: 'no', stack: 'no', fingerprint: 'abcdefabcdef' };
const source = 'ssm:/shop';
const problem = { line: 1, column: 1, path: 'a', rule: 'must be b', value: 'c' };

/** Events of each line that a query asks for. */
const EVENTS: readonly PipelineEvent[] = [
  { kind: 'handled', message, attempt: 1, durationMs: 5, ageMs: 7 },
  { kind: 'retried', message, attempt: 1, reason: 'TIMEOUT', delaySeconds: 5, error },
  { kind: 'deferred', message, cause: 'misconfigured', delaySeconds: 5, error },
  { kind: 'dead-lettered', message, reason: 'UNKNOWN', attempts: 3, exhausted: true, error },
  { kind: 'kill-switch', fault: 'abcdefabcdef', error: 'OrderError', count: 10, begun: 20 },
  { kind: 'halted', message, error },
  { kind: 'settlement-error', operation: 'SendMessage', error },
  { kind: 'store-error', operation: 'GetItem', error },
  { kind: 'completion-not-recorded', message, error },
  { kind: 'classifier-error', error },
  { kind: 'listener-error', error },
  { kind: 'configuration-refused', source, version: '1', problems: [problem, problem] },
  { kind: 'configuration-unavailable', source, error },
  {
    kind: 'configuration-applied',
    source,
    version: '1',
    changes: ['a', 'b'].map((option) => ({ option, from: 1, to: 2 })),
    ignored: [],
  },
  {
    kind: 'circuit-transition',
    transition: {
      circuit: 'tracker',
      decidedBy: 'fleet',
      from: 'closed',
      to: 'open',
      lastError: 'no',
      retryAtEpochMs: 5,
    },
  },
];

const INTAKE_EVENTS: readonly IntakeEvent[] = [
  { kind: 'intake-paused', consumerId: 'orders', causes: ['tracker', 'mail'] },
  { kind: 'intake-opened', consumerId: 'orders', why: 'ramp', concurrency: 2 },
  { kind: 'intake-error', consumerId: 'orders', operation: 'read', error },
];

describe('the text of a saved query', () => {
  it.each(SAVED_QUERIES)(
    '$name: has commands that there are, and fields that are written',
    ({ commands }) => {
      const { fields } = written();
      for (const command of commands) expect(command).toMatch(/^(fields|filter|stats|sort|limit) \S/);
      const text = commands.join(' ');
      const aliases = [...text.matchAll(/ as (\w+)/g)].map(([, alias]) => alias);
      const bare = text.replaceAll(/"[^"]*"|\/[^/]*\//g, ' ');
      const names = bare.match(/@?[a-z_][\w.]*/gi) ?? [];
      const known = (name: string): boolean =>
        WORDS.has(name) ||
        aliases.includes(name) ||
        name.startsWith('@') ||
        PLATFORM.has(name) ||
        fields.has(name);
      expect(names.filter((name) => !known(name))).toEqual([]);
    },
  );

  it.each(SAVED_QUERIES)('$name: looks for lines that are written', ({ commands }) => {
    const wanted = commands.flatMap((command) => [
      ...[...command.matchAll(/message = "([^"]+)"/g)].map(([, name]) => name),
      ...(command.match(/message in \[([^\]]+)\]/)?.[1]?.match(/[^", ][^",]*/g) ?? []),
    ]);
    const { messages } = written();
    expect(wanted.filter((name) => name !== undefined && !messages.has(name))).toEqual([]);
  });
});

/** What the runtime and the controller write: messages, and fields with lists flattened as CloudWatch does. */
function written(): { readonly messages: ReadonlySet<unknown>; readonly fields: ReadonlySet<string> } {
  const lines = consoleLines();
  const logger = (serviceName: string): Logger => new Logger({ serviceName, logLevel: 'DEBUG' });
  const consumer = powertoolsTelemetry('orders', powertoolsMetrics('orders', 'off'), logger('orders'));
  for (const event of EVENTS) consumer.emit(event);
  const controller = intakeTelemetry([], logger('spillway-intake'));
  for (const event of INTAKE_EVENTS) controller.emit(event);
  const logs = lines.logs();
  return {
    messages: new Set(logs.map(({ message }) => message)),
    fields: new Set(logs.flatMap((line) => Object.entries(line).flatMap(flattened))),
  };
}

function flattened([key, value]: [string, unknown]): string[] {
  return Array.isArray(value) ? value.map((_, at) => `${key}.${at}`) : [key];
}
