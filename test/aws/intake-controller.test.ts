import { GetEventSourceMappingCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterEach, expect, it, vi } from 'vitest';
import { dynamoCircuits } from '../../lambdas/aws/dynamo-circuits.ts';
import { intakeControllerHandler } from '../../lambdas/aws/intake-controller.ts';
import { lambdaEventSources } from '../../lambdas/aws/lambda-event-sources.ts';
import * as steps from '../../lambdas/core/circuit/shared-steps.ts';
import { ConfigurationError } from '../../lambdas/core/errors.ts';
import { INTAKE_SETTINGS_VARIABLE } from '../../lambdas/core/intake/settings.ts';
import { functionResource, mappingResource, queueResource, run, until } from '../local/fixture.ts';
import { consoleLines } from './console-lines.ts';
import { createQueue, itemOf, receive, TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const KEY = 'circuit#tracker';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** A mapping of the local stack, played by its own Lambda API. */
async function lambdaWithMapping(MaximumConcurrency = 6) {
  const resources = {
    Queue: queueResource(),
    Fn: functionResource('main'),
    Mapping: mappingResource('Queue', 'Fn', { ScalingConfig: { MaximumConcurrency } }),
  };
  const main = { 'index.js': 'exports.handler = async () => undefined;' };
  const { stack } = await run({ App: { resources } }, { main }, { stateChangeMs: 20 });
  const lambda = new LambdaClient({ ...stack.clientConfig('lambda'), maxAttempts: 1 });
  return { lambda, mappingId: stack.resource('Mapping') };
}

it('describes and changes event source mappings', async () => {
  const { lambda, mappingId } = await lambdaWithMapping();
  const sources = lambdaEventSources(lambda);
  const from = Date.now() - 60_000;
  const describe = async () => {
    const { modifiedAtEpochMs = 0, ...rest } = (await sources.describe(mappingId)) ?? {};
    expect(modifiedAtEpochMs).toBeGreaterThan(from);
    return rest;
  };
  expect(await describe()).toEqual({ state: 'Enabled', maximumConcurrency: 6 });
  await sources.change(mappingId, { enabled: false });
  await until('it is so', async () => (await sources.describe(mappingId))?.state === 'Disabled');
  await sources.change(mappingId, { enabled: true, maximumConcurrency: 2 });
  await until('it is so', async () => (await sources.describe(mappingId))?.state === 'Enabled');
  expect(await describe()).toEqual({ state: 'Enabled', maximumConcurrency: 2 });
  await sources.change(mappingId, { maximumConcurrency: null });
  await until('it is so', async () => (await sources.describe(mappingId))?.state === 'Enabled');
  expect(await describe()).toEqual({ state: 'Enabled', maximumConcurrency: undefined });
  expect(await sources.describe('nobody-knows')).toBeUndefined();
});

it('pauses the intake of an open circuit, orders its wake-up, and tells how it is', async () => {
  const lines = consoleLines();
  const valuesOf = (metric: string) => lines.emf().flatMap(({ metrics }) => metrics[metric]?.[0] ?? []);
  const { lambda, mappingId } = await lambdaWithMapping();
  const controlQueueUrl = await createQueue(emulators, 'control');
  const consumer = {
    consumerId: 'orders',
    mappingId,
    circuits: ['tracker'],
    maxConcurrency: 6,
    observability: 'full',
  };
  const times = { retryUntilSeconds: 200_000, retentionSeconds: 300_000 };
  const settings = { stateTable: TABLE, controlQueueUrl, consumers: [{ ...consumer, ...times }] };
  vi.stubEnv(INTAKE_SETTINGS_VARIABLE, JSON.stringify(settings));
  const handler = intakeControllerHandler({ ...emulators, lambda });

  await handler({});
  expect(valuesOf('IntakePaused')).toEqual([0]);
  const now = Date.now();
  const at = { version: 0, bucket: 1, now };
  const store = dynamoCircuits(emulators.dynamodb, TABLE);
  await store.apply(
    KEY,
    steps.reportStep(at, { failures: 5, successes: 0, reporters: 1, lastError: 'down' }),
  );
  await store.apply(
    KEY,
    steps.tripStep({ version: now, bucket: 1, now, openForMs: 2_000, lastError: 'down' }),
  );
  const hints = [{ kind: 'circuit-changed', key: KEY }, { kind: 'nonsense' }].map((hint) =>
    JSON.stringify(hint),
  );
  await handler({
    Records: [...hints, 'not JSON'].map((body, index) => ({ messageId: `m-${index}`, body })),
  });
  const state = async () => (await lambda.send(new GetEventSourceMappingCommand({ UUID: mappingId }))).State;
  await until('it is so', async () => (await state()) === 'Disabled');
  expect((await itemOf(emulators, 'intake#orders'))?.phase?.S).toBe('paused');
  await handler({});
  expect(valuesOf('IntakePaused')).toEqual([0, 1]);
  expect(valuesOf('CircuitOpen')).toEqual([0, 1]);
  expect(lines.logs()).toContainEqual(
    expect.objectContaining({ message: 'intake paused', consumer: 'orders' }),
  );

  await until('the wake-up comes', async () => {
    const wakeUps = await receive(emulators, controlQueueUrl);
    await handler({
      Records: wakeUps.map(({ MessageId = '', Body = '' }) => ({ messageId: MessageId, body: Body })),
    });
    return (await state()) === 'Enabled';
  });
  expect(await lambda.send(new GetEventSourceMappingCommand({ UUID: mappingId }))).toMatchObject({
    ScalingConfig: { MaximumConcurrency: 2 },
  });
});

it('refuses to start with settings that break a rule, naming each', () => {
  vi.stubEnv(INTAKE_SETTINGS_VARIABLE, JSON.stringify({ stateTable: TABLE, consumers: [{ circuits: [] }] }));
  expect(() => intakeControllerHandler()).toThrow(ConfigurationError);
  expect(() => intakeControllerHandler()).toThrow(/controlQueueUrl.*consumers\[0\].mappingId/s);
  vi.stubEnv(INTAKE_SETTINGS_VARIABLE, undefined);
  expect(() => intakeControllerHandler()).toThrow(/SPILLWAY_INTAKE must be set/);
});
