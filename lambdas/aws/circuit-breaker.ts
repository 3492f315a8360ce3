import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { CircuitTransition } from '../core/circuit/circuit.ts';
import { breakerOn, type CircuitBreaker } from '../core/circuit/circuit-breaker.ts';
import { memoryCircuits } from '../core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../core/circuit/shared-circuit.ts';
import { classifyError } from '../core/classifier.ts';
import { classifyWith } from '../core/classify-with.ts';
import { summarizeError } from '../core/failure.ts';
import { parseCircuitSettings } from '../core/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import type { CircuitSettings } from '../core/settings.ts';
import { KEY_PREFIX } from '../core/table-keys.ts';
import { runtimeClients } from './clients.ts';
import { dynamoCircuits } from './dynamo-circuits.ts';
import { type PolicyOptions, policyParts, sharedTable } from './policy-parts.ts';

/** Options of {@link circuitBreaker}: where it is kept, and how it decides. What is left out of the latter has its default. */
export interface CircuitBreakerOptions extends PolicyOptions, Partial<CircuitSettings> {
  /**
   * Name of the state table, through which all who give the same one share the circuit. It takes `dynamodb:GetItem`
   * and `dynamodb:UpdateItem` on it (`StateTable.grantCircuits`).
   *
   * @default - left out: the circuit is this process's own
   */
  readonly table?: string | undefined;
  /** Client for the table. It should try once: what is reported twice counts twice. @default - such a client */
  readonly client?: DynamoDBClient;
  /**
   * Whether an error speaks of the dependency's health. If it throws, the default decides. Refusals of ours never do.
   *
   * @default - what {@link classifyError} says: time-outs, connection errors, 5xx, 429
   */
  readonly isFailure?: (error: unknown) => boolean;
  /** Told of each change of state that this process brought about or sees in its own layer. @default - nobody */
  readonly onTransition?: (transition: CircuitTransition) => void;
}

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
  const [{ name, emit, clock, random }, own] = policyParts('circuitBreaker', options);
  const { table: _table, client, isFailure, onTransition, ...input } = own;
  const table = sharedTable('circuitBreaker', own);
  const settings = parseCircuitSettings(input, `circuit "${name}"`);
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
      emit({ kind: 'circuit-transition', transition });
      try {
        onTransition?.(transition);
      } catch (error) {
        emit({ kind: 'listener-error', error: summarizeError(error) });
      }
    },
    onStoreError: (operation, error) =>
      emit({ kind: 'store-error', operation, error: summarizeError(error) }),
  });
  const classify = classifyWith(
    (error, now) => isFailure && { ...classifyError(error, now), dependency: isFailure(error) },
    clock,
    emit,
  );
  return breakerOn({ circuit, classify, clock });
}

/**
 * Put a circuit breaker around a function; all functions that one `withCircuitBreaker(options)` is given share it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const findIssue = withCircuitBreaker({ name: 'tracker' })((signal, id: string) => client.issues.get(id, { signal }));
 * const issue = await findIssue('42');
 */
export function withCircuitBreaker(options: CircuitBreakerOptions) {
  return guardedBy(circuitBreaker(options));
}
