import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { OperatorState } from '../core/circuit/shared-circuit.ts';
import type { CircuitItem } from '../core/circuit/shared-item.ts';
import { forceStep } from '../core/circuit/shared-steps.ts';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError, type ConfigurationProblem } from '../core/errors.ts';
import { INTAKE_CIRCUIT } from '../core/settings.ts';
import { circuitKey } from '../core/table-keys.ts';
import { runtimeClients } from './clients.ts';
import { sqsControlQueue } from './control-queue.ts';
import { dynamoCircuits } from './dynamo-circuits.ts';
import { systemClock } from './system-clock.ts';

/** Options of {@link intakeSwitch}. */
export interface IntakeSwitchOptions {
  /** Stable id of the consumer. */
  readonly consumerId: string;
  /**
   * Name of the state table. It takes `dynamodb:GetItem` and `dynamodb:UpdateItem` on the item
   * `circuit#intake#<consumerId>`.
   */
  readonly table: string;
  /** Client for the table. @default - a client with short time-outs that tries once */
  readonly client?: DynamoDBClient;
  /**
   * URL of the intake controller's queue, so that it acts at once. It takes `sqs:SendMessage` on it.
   *
   * @default - nobody is told: the controller sees it within a minute, and consumers within seconds
   */
  readonly controlQueueUrl?: string;
  /** Client for that queue. @default - a client with short time-outs and the SDK's standard retries */
  readonly sqs?: SQSClient;
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
}

/** What a consumer's intake does. */
export interface IntakeState {
  /**
   * `flowing`: messages are taken in. `held`: by an operator or a halted queue, until it is resumed. `switched-off`: by
   * the kill switch, until a message may try. `probing`: one message at a time tries.
   */
  readonly state: 'flowing' | 'held' | 'switched-off' | 'probing';
  /** Since when it has not been flowing. Epoch milliseconds. */
  readonly sinceEpochMs?: number;
  /** When a message may try; only where it is switched off. Epoch milliseconds. */
  readonly untilEpochMs?: number;
  /** Fingerprint of the fault that the kill switch found, as dead letters and logs name it. */
  readonly fingerprint?: string;
  /** Why it is held, or the error of the fault. */
  readonly summary?: string;
}

/** What a change came to. */
export interface IntakeChange extends IntakeState {
  /** Whether the intake controller was told; if not, it finds out within a minute. */
  readonly controllerTold: boolean;
}

/** Holds and resumes the intake of a consumer. */
export interface IntakeSwitch {
  /**
   * Put back every message, free of charge, until the intake is resumed; those that are being handled go on.
   *
   * @param reason is shown to who asks for the state
   * @throws {ConfigurationError} without a reason
   * @throws what DynamoDB throws: then nothing is held
   */
  hold(reason: string): Promise<IntakeChange>;
  /**
   * Take messages in again, after a hold, a halt or the kill switch.
   *
   * @throws what DynamoDB throws: then nothing has changed
   */
  resume(): Promise<IntakeChange>;
  /** What it does now. @throws what DynamoDB throws */
  state(): Promise<IntakeState>;
}

/**
 * Hold and resume the intake of a consumer: from a script, a runbook or a function of one's own. It is what the kill
 * switch and `onExhausted: 'halt'` use, and what ends them.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const intake = intakeSwitch({ consumerId: 'orders', table: 'shop-state' });
 * await intake.hold('the warehouse takes stock until noon');
 * const { state, summary } = await intake.state();
 * await intake.resume();
 */
export function intakeSwitch(options: IntakeSwitchOptions): IntakeSwitch {
  checkOptions(options);
  const { consumerId, table, controlQueueUrl, clock = systemClock } = options;
  const given = options.sqs === undefined ? {} : { sqs: options.sqs };
  const clients = runtimeClients(given);
  const circuits = dynamoCircuits(options.client ?? clients.circuits, table);
  const queue = controlQueueUrl === undefined ? undefined : sqsControlQueue(clients.sqs, controlQueueUrl);
  const key = circuitKey(INTAKE_CIRCUIT, consumerId);

  async function set(state: OperatorState, why?: string): Promise<IntakeChange> {
    const { item } = await circuits.apply(key, forceStep(state, clock.now(), why));
    return { ...stateOf(item), controllerTold: await tell() };
  }

  async function tell(): Promise<boolean> {
    if (queue === undefined) return false;
    try {
      await queue.send({ kind: 'circuit-changed', key });
      return true;
    } catch {
      return false; // it is done all the same, and who asked is told
    }
  }

  return {
    async hold(reason) {
      if (typeof reason !== 'string' || reason.trim() === '') {
        const rule = 'must be a sentence for those who find the intake held';
        throw new ConfigurationError('hold', [{ option: 'reason', rule, value: reason }]);
      }
      return set('forced-open', reason);
    },
    resume: () => set('closed'),
    state: async () => stateOf(await circuits.read(key, true)),
  };
}

const STATES = {
  closed: 'flowing',
  'forced-closed': 'flowing',
  'forced-open': 'held',
  open: 'switched-off',
  'half-open': 'probing',
} as const;

function stateOf(item: CircuitItem | undefined): IntakeState {
  const state = item === undefined ? 'flowing' : STATES[item.state];
  if (item === undefined || state === 'flowing') return { state };
  const { since, openUntil, fingerprint, lastError } = item;
  return {
    state,
    ...(since === undefined ? {} : { sinceEpochMs: since }),
    ...(openUntil === undefined ? {} : { untilEpochMs: openUntil }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(lastError === undefined ? {} : { summary: lastError }),
  };
}

function checkOptions({ consumerId, table, controlQueueUrl }: IntakeSwitchOptions): void {
  const problems: ConfigurationProblem[] = [];
  const need = (option: string, value: unknown, holds: boolean, rule: string): void => {
    if (!holds) problems.push({ option, rule, value });
  };
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  need('consumerId', consumerId, isText(consumerId), 'must be the stable id of a consumer');
  need('table', table, isText(table), 'must be the name of the state table');
  const isUrl = controlQueueUrl === undefined || URL.canParse(controlQueueUrl);
  need('controlQueueUrl', controlQueueUrl, isUrl, 'must be the URL of a queue where it is given');
  if (problems.length > 0) throw new ConfigurationError('intakeSwitch', problems);
}
