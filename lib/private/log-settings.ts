import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { ConsumerFunctionProps } from '../resilient-consumer-props.ts';

/** Variables by which Powertools' logger is told its level, the first that is set; Lambda's own level overrules them. */
const LEVEL_VARIABLES = ['POWERTOOLS_LOG_LEVEL', 'LOG_LEVEL'];
/** Levels at which Lambda lets lines without a level pass, since it takes them for INFO. */
export const METRICS_PASS: readonly string[] = ['INFO', 'DEBUG', 'TRACE'];

/**
 * Lambda's format and level of the logs of a function: JSON, so that its own lines (`platform.report`, time-outs) can be
 * queried by field beside the runtime's.
 *
 * Lambda leaves lines that are JSON already as they are, and wraps what comes by `console`
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html). Powertools writes logs and
 * metrics as JSON to standard output by a console of its own, beside the one that Lambda patches
 * (https://github.com/aws-powertools/powertools-lambda-typescript/pull/1786), which AWS names as what metrics need in
 * this format (https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html#nodejs-logging-advanced-emf).
 *
 * A line without a level counts as INFO, and is dropped where the level is higher
 * (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html). Metrics have none. So where
 * Powertools is asked for less than INFO, the format stays text: its level holds then, and nothing is filtered.
 */
export function logSettings({
  environment,
  ...props
}: ConsumerFunctionProps): Partial<lambda.FunctionOptions> {
  if (props.loggingFormat !== undefined || props.logFormat !== undefined) return {};
  const variable = LEVEL_VARIABLES.find((name) => environment?.[name]);
  const wished = variable === undefined ? 'INFO' : (environment?.[variable] ?? '');
  const level = Object.values(lambda.ApplicationLogLevel).find((each) => each === wished.toUpperCase());
  const chosen = props.applicationLogLevelV2 ?? props.applicationLogLevel;
  if (chosen === undefined && (level === undefined || !METRICS_PASS.includes(level))) return {};
  return {
    loggingFormat: lambda.LoggingFormat.JSON,
    ...(chosen === undefined && level !== undefined && { applicationLogLevelV2: level }),
    ...(props.systemLogLevelV2 === undefined &&
      props.systemLogLevel === undefined && { systemLogLevelV2: lambda.SystemLogLevel.INFO }),
  };
}
