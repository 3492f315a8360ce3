import { Duration, Stack, Token } from 'aws-cdk-lib';
import type { AnyFunction } from '../resilient-consumer-props.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import { MAX_ENVIRONMENT_BYTES, resolvedVariablesBytes } from './environment-size.ts';
import type { Problems } from './problems.ts';
import { literal } from './queue-facts.ts';
import { resourceOf } from './target-function.ts';

/** AWS's advice: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
const VISIBILITY_FACTOR = 6;
/** Longest time-out of a function. Seconds; source: Lambda quotas. */
const MAX_TIMEOUT_SECONDS = 900;

/** Visibility timeout that a consumer needs; the longest time-out is taken where it is not known. Seconds. */
export function neededVisibilitySeconds(timeout: number | undefined, window: number): number {
  return VISIBILITY_FACTOR * (timeout ?? MAX_TIMEOUT_SECONDS) + window;
}

/** Check the time-out of the function against Lambda's limit. */
export function checkTimeout(property: string, timeout: number | undefined, problems: Problems): void {
  const range = { min: 1, max: MAX_TIMEOUT_SECONDS, unit: 'seconds' };
  problems.integer(property, timeout, range, 'Lambda stops a function after 15 minutes');
}

/** What a visibility timeout that somebody set does wrong. */
export interface VisibilityVerdict {
  readonly severity: 'error' | 'warning';
  readonly rule: string;
  readonly got: number;
  readonly because: string;
}

/** Judge the queue's visibility timeout against the time-out of the function. */
export function judgeVisibility(
  queue: ResilientQueue,
  timeout: number | undefined,
  window: number,
): VisibilityVerdict | undefined {
  const { visibility, wrapped } = queue.facts;
  const seconds = visibility === 'derived' ? undefined : literal(visibility);
  if (seconds === undefined || timeout === undefined) return undefined;
  const needed = neededVisibilitySeconds(timeout, window);
  if (seconds >= needed) return undefined;
  const refused = seconds < timeout;
  const outright =
    'Lambda refuses an event source whose queue hides messages for less than the function may run';
  const advised = 'AWS advises it, or messages come back while they are still worked on';
  return {
    severity: refused || !wrapped ? 'error' : 'warning',
    rule: `must be at least ${needed} seconds: ${VISIBILITY_FACTOR} times the function's time-out plus the batching window`,
    got: seconds,
    because: refused ? outright : advised,
  };
}

/** Check that all variables of the function fit Lambda's limit, once everybody has added theirs. */
export function checkEnvironment(target: AnyFunction, problems: Problems): void {
  const resource = resourceOf(target);
  if (resource === undefined) return;
  const environment: unknown = Stack.of(resource).resolve(resource.environment);
  if (typeof environment !== 'object' || environment === null || !('variables' in environment)) return;
  const bytes = resolvedVariablesBytes(environment.variables);
  if (bytes <= MAX_ENVIRONMENT_BYTES) return;
  const rule = `must fit ${MAX_ENVIRONMENT_BYTES} bytes with all its variables`;
  problems.add(
    'functionProps.environment',
    rule,
    bytes,
    "Lambda's limit for a function's environment is 4 KB",
  );
}

/** Checks that could not be made since a queue or the function is imported. */
export function uncheckedOf(queue: ResilientQueue, target: AnyFunction): string[] {
  const { retention, maxReceiveCount, visibility } = queue.facts;
  const unchecked: string[] = [];
  if (retention.assumed) {
    unchecked.push(
      `retryUntil against the queue's retention (${Duration.seconds(retention.value).toHumanString()} assumed)`,
    );
  }
  if (maxReceiveCount.assumed) {
    unchecked.push(`the attempts against the queue's maxReceiveCount (${maxReceiveCount.value} assumed)`);
  }
  const imported = resourceOf(target) === undefined;
  if (imported || (visibility !== 'derived' && visibility.assumed)) {
    unchecked.push("the queue's visibility timeout against the function's time-out");
  }
  if (imported) {
    unchecked.push("maxConcurrency against the function's reserved concurrency");
    unchecked.push("the size of the function's environment");
    unchecked.push(
      "the back-off's longest delay with the function's time-out and batching window against 12 hours",
    );
  }
  return unchecked;
}

/** Whether the queue's retention is a token, so that no default deadline can be derived from it. */
export function retentionIsToken(queue: ResilientQueue): boolean {
  return Token.isUnresolved(queue.facts.retention.value);
}
