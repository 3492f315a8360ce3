import { Token } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { AnyFunction } from '../resilient-consumer-props.ts';
import { METRICS_PASS } from './log-settings.ts';
import type { Problems } from './problems.ts';
import { resourceOf } from './target-function.ts';

/** Name of the log group of a function: the one that it is told, else the one that Lambda makes. */
export function logGroupNameOf(target: AnyFunction): string {
  const logging = loggingOf(target);
  return logging?.logGroup ?? `/aws/lambda/${target.functionName}`;
}

/** Note a level at which Lambda drops a function's metrics. */
export function checkLogLevel(target: AnyFunction, property: string, problems: Problems): void {
  const level = loggingOf(target)?.applicationLogLevel;
  if (level === undefined || Token.isUnresolved(level) || METRICS_PASS.includes(level)) return;
  const because =
    'Lambda takes lines without a level for INFO, and metrics are such lines: it would drop them';
  problems.add(property, `must be ${METRICS_PASS.join(', ')}`, level, because);
}

function loggingOf(target: AnyFunction): lambda.CfnFunction.LoggingConfigProperty | undefined {
  const logging = resourceOf(target)?.loggingConfig;
  return logging === undefined || 'resolve' in logging ? undefined : logging;
}
