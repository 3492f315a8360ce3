import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clock, Random } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import { type HealthCheck, healthCheckOn } from '../core/health/health-check.ts';
import type { OwnCheck } from '../core/health/own-check.ts';
import { checkOwnChecks, parseHealthSettings } from '../core/health/parse-settings.ts';
import { HEALTH_SETTINGS_VARIABLE, type HealthSettings } from '../core/health/settings.ts';
import type { SettingsInput } from '../core/parse-settings.ts';
import { STORE_TIMEOUTS } from './clients.ts';
import { dynamoIntakeTable } from './dynamo-intake-table.ts';
import { parsedVariable } from './environment-settings.ts';
import { lambdaEventSources } from './lambda-event-sources.ts';
import { cloudWatchQueueMetrics } from './queue-metrics.ts';
import { systemClock } from './system-clock.ts';

/** SDK clients of a health check. */
export interface HealthClients {
  /** @default - a client with short time-outs that tries once more */
  readonly dynamodb?: DynamoDBClient;
  /** @default - a client with short time-outs that tries once more */
  readonly lambda?: LambdaClient;
  /** @default - a client with short time-outs that tries once more */
  readonly cloudwatch?: CloudWatchClient;
}

/** Options of {@link healthCheck}. */
export interface HealthCheckOptions {
  /**
   * Checks of your own, by name: they are components as the others are.
   *
   * @default - none
   */
  readonly checks?: Readonly<Record<string, OwnCheck>>;
  /**
   * What is checked, and from where on it is not well. `{}` checks nothing but `checks`.
   *
   * @default - what the construct `HealthCheck` wrote into the environment variable `SPILLWAY_HEALTH`
   */
  readonly settings?: SettingsInput<HealthSettings>;
  /** Clients that it works with. @default - clients of its own */
  readonly clients?: HealthClients;
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
  /** Where chance comes from. @default - Math.random */
  readonly random?: Random;
}

/** A health check, with the settings that it goes by. */
export interface ConfiguredHealthCheck extends HealthCheck {
  /** Whether answers over HTTP tell of components. */
  readonly details: boolean;
}

/**
 * Make a health check, once when the process starts: it remembers answers for a short time, and since when components have
 * been as they are.
 *
 * What it takes: `dynamodb:BatchGetItem` on the items of circuits and intakes, `lambda:GetEventSourceMapping` on the event
 * sources, and `cloudwatch:GetMetricData`, which costs money for each metric. `HealthCheck.connect` grants it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const health = healthCheck({ settings: {}, checks: { database: { critical: true, check: (signal) => ping(signal) } } });
 * const { up, status, components } = await health.readiness();
 */
export function healthCheck(options: HealthCheckOptions = {}): ConfiguredHealthCheck {
  const { checks = {}, clients = {}, clock = systemClock, random = Math.random } = options;
  const settings = parseHealthSettings(options.settings ?? parsedVariable(HEALTH_SETTINGS_VARIABLE));
  checkOwnChecks(checks, settings);
  const { stateTable, consumers } = settings;
  if (consumers.length > 0 && stateTable === undefined) {
    const rule = 'must be the name of the state table';
    throw new ConfigurationError('healthCheck', [{ option: 'settings.stateTable', rule, value: stateTable }]);
  }
  const check = healthCheckOn({
    settings,
    checks,
    table: dynamoIntakeTable({
      client: clients.dynamodb ?? new DynamoDBClient(CLIENT),
      table: stateTable ?? '',
      clock,
      random,
    }),
    metrics: cloudWatchQueueMetrics(clients.cloudwatch ?? new CloudWatchClient(CLIENT)),
    sources: lambdaEventSources(clients.lambda ?? new LambdaClient(CLIENT)),
    clock,
  });
  return { ...check, details: settings.details };
}

/** What is asked is small, and somebody waits; the health check gives up by itself. */
const CLIENT = { requestHandler: STORE_TIMEOUTS, maxAttempts: 2 };
