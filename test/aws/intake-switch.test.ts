import { afterEach, describe, expect, it, vi } from 'vitest';
import { intakeSwitch } from '../../lambdas/aws/intake-switch.ts';
import { ConfigurationError } from '../../lambdas/core/errors.ts';
import { START } from '../core/fixtures.ts';
import { consoleLines } from './console-lines.ts';
import { deployConsumer } from './consumer-harness.ts';
import {
  createQueue,
  failing,
  itemOf,
  receive,
  send,
  TABLE,
  useEmulators,
  useFixedDate,
} from './emulators.ts';

const emulators = useEmulators();
const date = useFixedDate();
afterEach(() => void vi.restoreAllMocks());

const options = (consumerId: string) => {
  return { consumerId, table: TABLE, client: emulators.dynamodb, sqs: emulators.sqs };
};

describe('the intake switch', () => {
  it('holds a consumer’s messages free of charge until it is resumed', async () => {
    const { name, url, poll, handled } = await deployConsumer(emulators);
    consoleLines();
    const intake = intakeSwitch(options(name));
    await intake.hold('stock-taking');
    await send(emulators, url, '{"order":"1"}');
    expect((await poll()).failed).toHaveLength(1);
    await intake.resume();
    date.advance(80_000);
    expect((await poll()).failed).toEqual([]);
    expect(handled).toEqual([{ order: '1' }]);
  });

  it('tells what the intake does, since when and why', async () => {
    const intake = intakeSwitch(options('told'));
    expect(await intake.state()).toEqual({ state: 'flowing' });
    const held = { state: 'held', sinceEpochMs: START, summary: 'stock-taking' };
    expect(await intake.hold('stock-taking')).toEqual({ ...held, controllerTold: false });
    date.advance(1_000);
    expect(await intake.state()).toEqual(held);
    expect(await intake.resume()).toEqual({ state: 'flowing', controllerTold: false });
    expect(await itemOf(emulators, 'circuit#intake#told')).not.toHaveProperty('lastError');
  });

  it('tells the controller, and says so if it could not', async () => {
    const controlQueueUrl = await createQueue(emulators, 'control');
    const intake = intakeSwitch({ ...options('controlled'), controlQueueUrl });
    expect(await intake.hold('stock-taking')).toMatchObject({ state: 'held', controllerTold: true });
    const [message] = await receive(emulators, controlQueueUrl);
    expect(JSON.parse(message?.Body ?? '')).toEqual({
      kind: 'circuit-changed',
      key: 'circuit#intake#controlled',
    });
    failing(emulators.sqs, 'SendMessageCommand', 1);
    expect(await intake.resume()).toEqual({ state: 'flowing', controllerTold: false });
  });

  it('refuses a hold without a reason', async () => {
    await expect(intakeSwitch(options('x')).hold(' ')).rejects.toThrow(ConfigurationError);
  });

  it('refuses options that cannot be right, all at once', () => {
    const wrong = { consumerId: '', table: undefined, controlQueueUrl: 'control' } as never;
    expect(() => intakeSwitch(wrong)).toThrow(/consumerId .*; table .*; controlQueueUrl /);
  });
});
