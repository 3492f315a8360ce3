import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { type ControlledIntake, intakeController } from '../core/intake/controller.ts';
import { parseIntakeSettings } from '../core/intake/parse-settings.ts';
import {
  type ControlledConsumer,
  type ControlMessage,
  INTAKE_SETTINGS_VARIABLE,
} from '../core/intake/settings.ts';
import { INTAKE_CIRCUIT } from '../core/settings.ts';
import { circuitKey, KEY_PREFIX } from '../core/table-keys.ts';
import { runtimeClients } from './clients.ts';
import { sqsControlQueue } from './control-queue.ts';
import { dynamoIntakeTable } from './dynamo-intake-table.ts';
import { parsedVariable } from './environment-settings.ts';
import { intakeTelemetry } from './intake-telemetry.ts';
import { lambdaEventSources } from './lambda-event-sources.ts';
import { systemClock } from './system-clock.ts';

/** What Lambda hands to the controller: messages of the control queue, or the event of its schedule. */
export interface IntakeControllerEvent {
  readonly Records?: readonly { readonly messageId: string; readonly body: string }[];
}

/** SDK clients of the controller. */
export interface IntakeControllerClients {
  readonly dynamodb?: DynamoDBClient;
  readonly sqs?: SQSClient;
  readonly lambda?: LambdaClient;
}

/** Lambda's control plane is slow at times, and throttles. Milliseconds. */
const CONTROL_TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true };

/**
 * Make the Lambda handler of the intake controller, which the construct `IntakeController` deploys.
 *
 * @throws {ConfigurationError} naming every setting that breaks its rule
 */
export function intakeControllerHandler(clients: IntakeControllerClients = {}) {
  const settings = parseIntakeSettings(parsedVariable(INTAKE_SETTINGS_VARIABLE));
  const { sqs, dynamodb } = runtimeClients(clients);
  const lambda = clients.lambda ?? new LambdaClient({ requestHandler: CONTROL_TIMEOUTS, maxAttempts: 3 });
  const telemetry = intakeTelemetry(settings.consumers);
  const controller = intakeController({
    intakes: settings.consumers.map(controlled),
    rampStepMs: settings.rampStepMs,
    sources: lambdaEventSources(lambda),
    table: dynamoIntakeTable({
      client: dynamodb,
      table: settings.stateTable,
      clock: systemClock,
      random: Math.random,
    }),
    queue: sqsControlQueue(sqs, settings.controlQueueUrl),
    emit: telemetry.emit,
    clock: systemClock,
  });

  return async ({ Records }: IntakeControllerEvent): Promise<void> => {
    try {
      if (Records === undefined) await controller.lookAtAll();
      else await controller.hear(Records.flatMap(({ body }) => messageOf(body)));
    } finally {
      telemetry.flush();
    }
  };
}

function controlled(consumer: ControlledConsumer): ControlledIntake {
  const { consumerId, circuits } = consumer;
  return {
    consumer,
    key: `${KEY_PREFIX.intake}${consumerId}`,
    circuits: [...circuits, INTAKE_CIRCUIT].map((name) => ({ name, key: circuitKey(name, consumerId) })),
  };
}

/** Whatever else lands in the control queue is no reason to come back to it. */
function messageOf(body: string): ControlMessage[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('key' in value)) return [];
  const { kind, key } = value;
  if (typeof key !== 'string') return [];
  if (kind === 'circuit-changed') return [{ kind, key }];
  const version = 'version' in value ? value.version : undefined;
  return kind === 'timer' && typeof version === 'number' ? [{ kind, key, version }] : [];
}
