import { App, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { FileProblem } from '../../lambdas/core/configuration/file-error.ts';
import { QUEUE } from '../../lambdas/core/configuration/queue-language.ts';
import type { ReadFile } from '../../lambdas/core/configuration/read-file.ts';
import { type Problem, Problems } from '../private/problems.ts';
import { ResilientConsumer } from '../resilient-consumer.ts';
import { ResilientQueue } from '../resilient-queue.ts';
import type { ResilientQueueProps } from '../resilient-queue-props.ts';
import type { ConfiguredConsumerProps } from './content-props.ts';

/** Paths in a file of properties that are called otherwise there. */
const PATHS: Readonly<Record<string, string>> = {
  retentionPeriod: 'retention',
  deadLetterRetentionPeriod: 'deadLetterQueue.retention',
  quarantineRetentionPeriod: 'quarantineQueue.retention',
  'queue.maxReceiveCount': 'maxReceiveCount',
  'queue.visibilityTimeout': 'visibilityTimeout',
};

/** Options of alarms, where a queue has none of the same name. */
const ALARMS: ReadonlySet<string> = new Set(
  Object.keys(QUEUE.keys.alarms.keys).filter((key) => !(key in QUEUE.keys)),
);

/** Shortest and longest time-out of a function. Seconds; source: Lambda quotas. */
const TIMEOUTS = [1, 900] as const;
/** Properties that must be less than the time of a handler. */
const OF_CALLS = /\.(timeout|totalTimeout)$/;

/**
 * What the constructs find wrong with a queue of a file and its consumer: they are built on trial, in apps of their
 * own, so that a file is taken exactly where synthesis takes what it says. The function's time-out is not known yet. The
 * shortest one leaves the most room to everything but the time-outs of calls, which the longest one does.
 */
export function problemsOnTrial(
  name: string,
  queueProps: ResilientQueueProps,
  consumerProps: ConfiguredConsumerProps,
  file: ReadFile,
): FileProblem[] {
  const [short = [], long = []] = TIMEOUTS.map((timeout) => trial(queueProps, consumerProps, timeout));
  return short
    .filter((problem) => !OF_CALLS.test(problem.property) || long.some((other) => isAlike(other, problem)))
    .map((problem) => inFile(name, problem, file));
}

function trial(
  queueProps: ResilientQueueProps,
  consumerProps: ConfiguredConsumerProps,
  timeoutSeconds: number,
): readonly Problem[] {
  // Left to itself it would write its own assembly, at the end of the process, where the real app's belongs.
  const stack = new Stack(new App({ autoSynth: false, analyticsReporting: false }), 'Trial');
  const queue = new ResilientQueue(stack, 'Queue', queueProps);
  const target = new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
    timeout: Duration.seconds(timeoutSeconds),
  });
  new ResilientConsumer(stack, 'Consumer', { ...consumerProps, queue, function: target, intake: false });
  return Problems.below(stack);
}

function isAlike(one: Problem, other: Problem): boolean {
  return one.property === other.property && one.rule === other.rule;
}

function inFile(name: string, { property, rule, got, because }: Problem, file: ReadFile): FileProblem {
  const path = pathOf(name, property, file);
  return file.problemAt(path, `${rule} (${because})`, file.has(path) ? undefined : got);
}

function pathOf(name: string, property: string, file: ReadFile): string {
  if (property.startsWith('circuits.')) return property;
  const queue = `queues.${name}`;
  const known = PATHS[property];
  if (known === undefined && ALARMS.has(property)) return `${queue}.alarms.${property}`;
  const path = `${queue}.${known ?? property}`;
  const ofProfile = /^(backoff|attempts\.max)\b/.test(property) && !file.has(path);
  return ofProfile && file.has(`${queue}.retry`) ? `${queue}.retry` : path;
}
