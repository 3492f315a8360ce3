import {
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { expect, it, onTestFinished } from 'vitest';
import { ApiError, type LocalStackOptions } from '../../local/index.ts';
import {
  functionResource,
  mappingResource,
  queueResource,
  type RunningStack,
  run,
  until,
} from './fixture.ts';

const HANDLER = `
exports.handler = async (event) => {
  console.log(JSON.stringify(event));
  if (event.Records?.[0]?.body === 'slow') await new Promise((resolve) => setTimeout(resolve, 800));
  if (event.fails) throw new TypeError('broken');
  return event.Records ? undefined : { got: event };
};`;

async function start(
  options: Partial<LocalStackOptions> = {},
): Promise<RunningStack & { lambda: LambdaClient; UUID: string }> {
  const resources = {
    Queue: queueResource(),
    Fn: functionResource('main'),
    Mapping: mappingResource('Queue', 'Fn', { ScalingConfig: { MaximumConcurrency: 4 } }),
  };
  const running = await run({ App: { resources } }, { main: { 'index.js': HANDLER } }, options);
  const lambda = new LambdaClient({ ...running.stack.clientConfig('lambda'), maxAttempts: 1 });
  onTestFinished(() => lambda.destroy());
  return { ...running, lambda, UUID: running.stack.resource('Mapping') };
}

it('lists and describes event source mappings', async () => {
  const { lambda, stack, UUID } = await start();
  const expected = {
    UUID,
    State: 'Enabled',
    EventSourceArn: stack.queue('Queue').arn,
    FunctionArn: stack.function('Fn').arn,
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 0,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: { MaximumConcurrency: 4 },
    LastModified: expect.any(Date),
  };
  expect(await lambda.send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject(expected);
  const list = async (filter: { FunctionName?: string; EventSourceArn?: string }) =>
    (await lambda.send(new ListEventSourceMappingsCommand(filter))).EventSourceMappings;
  for (const FunctionName of ['App-Fn', stack.function('Fn').arn, '000000000000:function:App-Fn']) {
    expect(await list({ FunctionName })).toMatchObject([expected]);
  }
  expect(await list({ EventSourceArn: stack.queue('Queue').arn })).toHaveLength(1);
  expect(await list({ FunctionName: 'Other' })).toEqual([]);
});

it('pauses and resumes a mapping, each time through a state of its own', async () => {
  const { lambda, stack, send, UUID } = await start({ stateChangeMs: 50 });
  const state = async () => (await lambda.send(new GetEventSourceMappingCommand({ UUID }))).State;
  const set = async (Enabled: boolean) =>
    (await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }))).State;
  expect(await set(false)).toBe('Disabling');
  await until('it is disabled', async () => (await state()) === 'Disabled');
  await send('Queue', '{}');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await stack.queue('Queue').counts()).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
  expect(await set(true)).toBe('Enabling');
  await stack.whenIdle({ timeoutMs: 5000 });
  expect(await state()).toBe('Enabled');
});

it('goes on polling when it was paused and resumed before a batch was handled', async () => {
  const { lambda, stack, send, lines, UUID } = await start({ stateChangeMs: 1 });
  // As many batches as may be handled at a time once it is resumed.
  for (const batches of [1, 2]) {
    await send('Queue', 'slow');
    await until('the batch is being handled', () => lines.length === batches);
  }
  for (const Enabled of [false, true]) {
    await lambda.send(
      new UpdateEventSourceMappingCommand({ UUID, Enabled, ScalingConfig: { MaximumConcurrency: 2 } }),
    );
    await until('it is done', () => stack.mappings[0]?.state === (Enabled ? 'Enabled' : 'Disabled'));
  }
  await send('Queue', 'slow');
  await stack.whenIdle({ timeoutMs: 5000 });
});

it('refuses a change while another one is on its way', async () => {
  const { lambda, UUID } = await start({ stateChangeMs: 5000 });
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
  await expect(
    lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true })),
  ).rejects.toMatchObject({
    name: 'ResourceInUseException',
  });
});

it('changes the maximum concurrency and refuses one', async () => {
  const { lambda, stack, UUID } = await start({ stateChangeMs: 0 });
  const set = (MaximumConcurrency?: number) =>
    lambda.send(
      new UpdateEventSourceMappingCommand({
        UUID,
        ScalingConfig: MaximumConcurrency === undefined ? {} : { MaximumConcurrency },
      }),
    );
  expect((await set(2)).State).toBe('Updating');
  await until('it is updated', () => stack.mappings[0]?.state === 'Enabled');
  const describe = () => lambda.send(new GetEventSourceMappingCommand({ UUID }));
  expect((await describe()).ScalingConfig).toEqual({ MaximumConcurrency: 2 });
  await expect(set(1)).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  await set();
  await until('it is updated', () => stack.mappings[0]?.state === 'Enabled');
  expect((await describe()).ScalingConfig).toBeUndefined();
});

it('invokes a function and tells a function error', async () => {
  const { lambda, lines } = await start();
  const invoke = (payload: string, InvocationType: 'RequestResponse' | 'Event' | 'DryRun') =>
    lambda.send(new InvokeCommand({ FunctionName: 'App-Fn', InvocationType, Payload: Buffer.from(payload) }));
  const good = await invoke('{"a":1}', 'RequestResponse');
  expect(good).toMatchObject({ StatusCode: 200, ExecutedVersion: '$LATEST' });
  expect(JSON.parse(good.Payload?.transformToString() ?? '')).toEqual({ got: { a: 1 } });
  const bad = await invoke('{"fails":true}', 'RequestResponse');
  expect(bad.FunctionError).toBe('Unhandled');
  expect(JSON.parse(bad.Payload?.transformToString() ?? '')).toMatchObject({ errorMessage: 'broken' });
  expect((await invoke('{"b":2}', 'Event')).StatusCode).toBe(202);
  await until('the event arrived', () => lines.some(({ text }) => text === '{"b":2}'));
  expect((await invoke('{}', 'DryRun')).StatusCode).toBe(204);
});

it('refuses what it does not know, by name', async () => {
  const { lambda } = await start();
  await expect(lambda.send(new InvokeCommand({ FunctionName: 'None' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await expect(lambda.send(new GetEventSourceMappingCommand({ UUID: 'none' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await expect(lambda.send(new GetFunctionCommand({ FunctionName: 'App-Fn' }))).rejects.toThrow(
    'is not played by the local stack',
  );
});

it('answers with faults on demand and counts the calls', async () => {
  const { lambda, stack, UUID } = await start({
    apiFault: ({ operation }) =>
      operation === 'UpdateEventSourceMapping'
        ? new ApiError(429, 'TooManyRequestsException', 'Rate exceeded')
        : undefined,
  });
  await expect(
    lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false })),
  ).rejects.toMatchObject({
    name: 'TooManyRequestsException',
  });
  await lambda.send(new GetEventSourceMappingCommand({ UUID }));
  expect(stack.requestCounts('lambda')).toEqual({ UpdateEventSourceMapping: 1, GetEventSourceMapping: 1 });
});
