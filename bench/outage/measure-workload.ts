import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.ts';
import { drained, emptied, openSecondsLeft } from './drain.ts';
import { sendSteadily } from './producer.ts';
import { progress } from './progress.ts';
import type { Tracker } from './tracker.ts';
import { messageKey, type Workload } from './workloads.ts';

/** How far things had come at a moment. Counts since the first message. */
export interface Sample {
  /** Seconds since the first message. */
  readonly at: number;
  readonly sent: number;
  readonly handled: number;
  readonly deadLettered: number;
  readonly callsDuringOutage: number;
  readonly invocations: number;
}

/** What a workload did to a contender. */
export interface Measurement {
  readonly handled: number;
  readonly deadLettered: number;
  /** Messages that are neither handled nor dead-lettered. */
  readonly unaccounted: number;
  readonly duplicateEffects: number;
  readonly calls: number;
  readonly callsDuringOutage: number;
  /** Invocations of the consumer, and of all other functions of its stack. */
  readonly invocations: number;
  readonly invocationsDuringOutage: number;
  readonly controllerInvocations: number;
  readonly controllerInvocationsDuringOutage: number;
  /** Requests of the whole stack, without the benchmark's own. */
  readonly dynamodbRequests: number;
  readonly sqsRequests: number;
  readonly lambdaRequests: number;
  /** Times that a circuit opened, or the breaker of one environment. */
  readonly circuitOpened: number;
  /** Messages that waited when the dependency came back. */
  readonly backlog: number;
  /** From then until none of them was in the queue; -1: it took too long. */
  readonly drainSeconds: number;
  /** From then until the breaker that was open longest let a call through again, by what it had said. */
  readonly openSecondsLeft: number;
  readonly timeline: readonly Sample[];
}

const SAMPLE_MS = 250;

/** Send a workload to a contender, take the dependency away and give it back, and wait until the queue is empty. */
export async function measureWorkload(
  deployment: Deployment,
  tracker: Tracker,
  workload: Workload,
): Promise<Measurement> {
  const { name, stack, consumer, deadLetters } = deployment;
  const others = stack.functions.filter((other) => other.arn !== consumer.arn);
  const invocations = (): { own: number; others: number } => ({
    own: consumer.stats().invocations,
    others: others.reduce((sum, other) => sum + other.stats().invocations, 0),
  });
  await tracker.reset();
  stack.resetRequestCounts();
  const before = invocations();
  const changesBefore = deployment.circuitChanges.length;
  const start = performance.now();
  const timeline: Sample[] = [];
  let sent = 0;
  let running = true;

  const sample = async (): Promise<void> => {
    const { handled, callsDuringOutage } = await tracker.counts();
    const { visible } = await deadLetters.counts();
    const at = (performance.now() - start) / 1_000;
    const own = invocations().own - before.own;
    timeline.push({ at, sent, handled, deadLettered: visible, callsDuringOutage, invocations: own });
  };
  const sampling = (async () => {
    for (; running; await sleep(SAMPLE_MS)) await sample();
  })();
  const sending = sendSteadily(deployment, workload, (count) => {
    sent = count;
  });

  await sleep(workload.downAtMs);
  await tracker.goDown();
  const down = invocations();
  progress(name, `the dependency is down, ${sent} messages sent`);
  await sleep(Math.max(0, workload.upAtMs - (performance.now() - start)));
  await tracker.comeBack();
  const healedAtEpochMs = Date.now();
  const up = invocations();
  const backlog = new Set((await deployment.queue.messages()).map(({ messageId }) => messageId));
  progress(name, `the dependency is back, ${sent} messages sent, ${backlog.size} of them wait`);
  const drainSeconds = await drained(deployment, backlog, healedAtEpochMs, workload.drainLimitMs);
  progress(name, `those are done with after ${drainSeconds.toFixed(1)} s`);
  const ownRequests = await sending;
  if (!(await emptied(deployment, workload.drainLimitMs))) progress(name, 'the queue did not become empty');
  const requests = requestsOf(deployment);
  running = false;
  await sampling;
  await sample();

  const { handled, duplicateEffects, calls, callsDuringOutage } = await tracker.counts();
  const dead = await deadLetters.messages();
  const after = invocations();
  const changes = deployment.circuitChanges.slice(changesBefore);
  return {
    handled,
    deadLettered: dead.length,
    unaccounted: await unaccounted(tracker, new Set(dead.map(({ body }) => body)), workload.messages),
    duplicateEffects,
    calls,
    callsDuringOutage,
    invocations: after.own - before.own,
    invocationsDuringOutage: up.own - down.own,
    controllerInvocations: after.others - before.others,
    controllerInvocationsDuringOutage: up.others - down.others,
    ...requests,
    sqsRequests: requests.sqsRequests - ownRequests,
    circuitOpened: changes.filter(({ to }) => to === 'open').length,
    backlog: backlog.size,
    drainSeconds,
    openSecondsLeft: openSecondsLeft(changes, healedAtEpochMs, workload.scale),
    timeline,
  };
}

/** Requests that the whole stack made so far. */
function requestsOf({
  stack,
}: Deployment): Pick<Measurement, 'dynamodbRequests' | 'sqsRequests' | 'lambdaRequests'> {
  const total = (service: 'dynamodb' | 'sqs' | 'lambda'): number =>
    Object.values(stack.requestCounts(service)).reduce((sum, count) => sum + count, 0);
  return {
    dynamodbRequests: total('dynamodb'),
    sqsRequests: total('sqs'),
    lambdaRequests: total('lambda'),
  };
}

async function unaccounted(
  tracker: Tracker,
  deadBodies: ReadonlySet<string>,
  messages: number,
): Promise<number> {
  const handled = await tracker.handledKeys();
  const keys = Array.from({ length: messages }, (_each, at) => messageKey(at));
  return keys.filter((id) => !handled.has(id) && !deadBodies.has(JSON.stringify({ id }))).length;
}
