import { redelivered } from 'spillway/testing';
import { beforeEach, expect, it } from 'vitest';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import { down, PlannedError, type Running, running } from './changed/running.ts';

// What one change after the other makes of a consumer that is made once, and of what it has in memory by then. What each
// option does is tested in changed/.

let r: Running;
beforeEach(async () => {
  r = await running({ backoff: { kind: 'fixed', firstDelayMs: 5_000 } });
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
});

function fails(classification: ConstructorParameters<typeof PlannedError>[0] = {}): void {
  r.answers.dependency = () => {
    throw new PlannedError(classification);
  };
}

it('screens by what changes, and back again', async () => {
  r.change('queues: { orders: { screening: { requiredFields: [/tag], maxSize: 1KiB } } }');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'MISSING_REQUIRED_FIELDS' }]);
  r.change('queues: { orders: { screening: { maxSize: 3B } } }');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'SIZE_LIMIT_EXCEEDED' }]);
  r.change('{}');
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
});

it('spaces and counts attempts of messages on their way by what changes', async () => {
  fails();
  expect(await r.send()).toMatchObject([{ kind: 'retried', delaySeconds: 5 }]);
  r.change(
    'retryProfiles: { p: { firstDelay: 9s } }\nqueues: { orders: { retry: p, attempts: { max: 3 } } }',
  );
  const stubborn = r.message();
  expect(await r.invoke([stubborn])).toMatchObject([{ kind: 'retried', delaySeconds: 9 }]);
  r.change('queues: { orders: { attempts: { max: 2 } } }');
  expect(await r.invoke([redelivered(stubborn)])).toMatchObject([{ kind: 'dead-lettered', attempts: 2 }]);
});

it('stops and starts to count for the kill switch, and lets go of what it holds', async () => {
  fails({ retryable: false });
  const deadLettered = (events: readonly PipelineEvent[]): number =>
    events.filter(({ kind }) => kind === 'dead-lettered').length;
  r.change('queues: { orders: { killSwitch: false } }');
  expect(deadLettered(await r.send(12))).toBe(12);
  r.change('queues: { orders: { killSwitch: { minMessages: 4, openFor: 10s } } }');
  expect(deadLettered(await r.send(12))).toBe(3);
  expect(r.stores.intakeState()).toBe('open');
  r.change('queues: { orders: { killSwitch: false } }');
  r.answers.dependency = () => undefined;
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
  expect(r.stores.intakeState()).toBe('closed');
});

it('opens its circuits as it is told, with what they have seen before', async () => {
  r.answers.dependency = down;
  await r.send(3);
  expect(r.stateAt()).toBe('closed');
  r.change('circuits: { tracker: { localThreshold: 4, openFor: 5s } }');
  await r.send(1);
  expect(r.stateAt()).toBe('open');
});

it('goes on as before while a text is bad', async () => {
  r.change('queues: { orders: { screening: { requiredFields: [/tag] } } }');
  await r.send();
  r.change('queues: { orders: { screening: { requiredFields: [tag] } } }');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'MISSING_REQUIRED_FIELDS' }]);
  r.stores.fail('configuration');
  r.change('{}');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'MISSING_REQUIRED_FIELDS' }]);
  r.stores.restore();
  r.change('{}');
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
});
