import type { Logger } from '@aws-lambda-powertools/logger';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { CircuitTransition } from '../core/circuit/circuit.ts';
import { breakerOn, type CircuitBreaker } from '../core/circuit/circuit-breaker.ts';
import { memoryCircuits } from '../core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../core/circuit/shared-circuit.ts';
import { type Classification, classifyError } from '../core/classifier.ts';
import type { Clock, Random } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { PipelineEvent } from '../core/events.ts';
import { summarizeError } from '../core/failure.ts';
import { parseCircuitSettings } from '../core/parse-settings.ts';
import { type CircuitSettings, KEY_PREFIX } from '../core/settings.ts';
import { runtimeClients } from './clients.ts';
import { dynamoCircuits } from './dynamo-circuits.ts';
import { systemClock } from './system-clock.ts';
import { powertoolsTelemetry } from './telemetry.ts';

/** Options of {@link circuitBreaker}: where it is kept, and how it decides. What is left out of the latter has its default. */
export interface CircuitBreakerOptions extends Partial<CircuitSettings> {
  /** Name of the circuit: one for each dependency. 1 to 64 letters, digits, dots, hyphens or underscores. */
  readonly name: string;
  /**
   * Name of the state table, through which all who give the same one share the circuit. It takes `dynamodb:GetItem`
   * and `dynamodb:UpdateItem` on it (`StateTable.grantCircuits`).
   *
   * @default - none: the circuit is this process's own
   */
  readonly table?: string;
  /** Client for the table. It should try once: what is reported twice counts twice. @default - such a client */
  readonly client?: DynamoDBClient;
  /**
   * Whether an error speaks of the dependency's health.
   *
   * @default - what {@link classifyError} says: time-outs, connection errors, 5xx, 429
   */
  readonly isFailure?: (error: unknown) => boolean;
  /** Told of each change of state that this process brought about or sees in its own layer. @default - nobody */
  readonly onTransition?: (transition: CircuitTransition) => void;
  /**
   * Whether changes of state and failing calls to the table become metrics (CloudWatch's embedded metric format, on
   * standard output) and log lines.
   *
   * @default true
   */
  readonly telemetry?: boolean;
  /** Value of the metrics' dimension `service`. @default - POWERTOOLS_SERVICE_NAME, or the circuit's name */
  readonly service?: string;
  /** Logger to use. @default - a Powertools logger named after the service */
  readonly logger?: Logger;
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
  /** Where chance comes from. @default Math.random */
  readonly random?: Random;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Make a circuit breaker, with or without a table to share it through. It needs nothing else of Spillway: any Lambda
 * function or service can use it. Make one for each dependency, when the process starts.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const tracker = circuitBreaker({ name: 'tracker', table: process.env.STATE_TABLE });
 * const issue = await tracker.call((signal) => fetch(url, { signal }).then(expectOk), { fallback: () => cached });
 */
export function circuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const {
    name,
    table,
    client,
    isFailure,
    onTransition,
    telemetry = true,
    service = process.env.POWERTOOLS_SERVICE_NAME ?? name,
    logger,
    clock = systemClock,
    random = Math.random,
    ...input
  } = options;
  if (!NAME.test(name)) {
    const rule = 'must be 1 to 64 letters, digits, dots, hyphens or underscores';
    throw new ConfigurationError('circuitBreaker', [{ option: 'name', rule, value: name }]);
  }
  const settings = parseCircuitSettings(input, `circuit "${name}"`);
  const told = telemetry ? powertoolsTelemetry(service, logger) : undefined;
  const tell = (event: PipelineEvent): void => {
    told?.emit(event);
    told?.flush();
  };
  const circuit = sharedCircuit({
    name,
    key: `${KEY_PREFIX.circuit}${name}`,
    settings,
    store:
      table === undefined ? memoryCircuits() : dynamoCircuits(client ?? runtimeClients().circuits, table),
    clock,
    random,
    newToken: () => crypto.randomUUID(),
    onTransition(transition) {
      tell({ kind: 'circuit-transition', transition });
      try {
        onTransition?.(transition);
      } catch (error) {
        tell({ kind: 'listener-error', error: summarizeError(error) });
      }
    },
    onStoreError: (operation, error) =>
      tell({ kind: 'store-error', operation, error: summarizeError(error) }),
  });
  const classify = (error: unknown): Classification => {
    const classification = classifyError(error, clock.now());
    return isFailure === undefined ? classification : { ...classification, dependency: isFailure(error) };
  };
  return breakerOn({ circuit, classify, clock });
}

/** A function whose calls go through a circuit breaker. */
export type Protected<Args extends readonly unknown[], Result> = ((...args: Args) => Promise<Result>) & {
  readonly breaker: CircuitBreaker;
};

/**
 * Put a circuit breaker around a function; all functions that one `withCircuitBreaker(options)` is given share it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const findIssue = withCircuitBreaker({ name: 'tracker' })((id: string) => client.issues.get(id));
 * const issue = await findIssue('42');
 */
export function withCircuitBreaker(options: CircuitBreakerOptions) {
  const breaker = circuitBreaker(options);
  return <Args extends readonly unknown[], Result>(
    operation: (...args: Args) => Result | Promise<Result>,
  ): Protected<Args, Result> => {
    const run = (...args: Args): Promise<Result> => breaker.call(() => operation(...args));
    return Object.assign(run, { breaker });
  };
}
