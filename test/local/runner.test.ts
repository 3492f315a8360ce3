import { describe, expect, it } from 'vitest';
import { functionResource, type RunningStack, run, until } from './fixture.ts';

const HANDLER = `
let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  switch (event?.do) {
    case 'throw': throw new TypeError('broken');
    case 'throw-text': throw 'just text';
    case 'exit': process.exit(event.code);
    case 'hang': await new Promise((resolve) => setTimeout(resolve, 60_000)); break;
    case 'spin': for (;;) {}
    case 'late-throw': setTimeout(() => { throw new Error('late'); }, 5); await new Promise(() => setTimeout(() => {}, 60_000)); break;
    case 'reject': void Promise.reject(new Error('forgotten')); await new Promise(() => setTimeout(() => {}, 60_000)); break;
    case 'hoard': { const all = []; for (;;) all.push(new Array(10_000).fill(Math.random())); }
    case 'nothing': return undefined;
    case 'date': return { date: new Date(0), none: undefined };
    case 'circle': { const a = {}; a.a = a; return a; }
    case 'context': return { ...context, left: context.getRemainingTimeInMillis() };
    case 'env': { const env = { ...process.env }; process.env.LEAK = 'yes'; return env; }
    case 'log': console.log('out'); console.error('err'); return;
    case 'slow': await new Promise((resolve) => setTimeout(resolve, 100)); return calls;
    default: return calls;
  }
};`;

const CODE = { main: { 'index.js': HANDLER } };

function start(properties: Record<string, unknown> = {}, isolate = false): Promise<RunningStack> {
  return run({ App: { resources: { Fn: functionResource('main', properties) } } }, CODE, { isolate });
}

describe.each([
  ['worker threads', false],
  ['child processes', true],
])('functions in %s', (_name, isolate) => {
  it('report errors as Lambda does and keep the environment after a thrown one', async () => {
    const { stack } = await start({}, isolate);
    const fn = stack.function('Fn');
    const thrown = await fn.invoke({ do: 'throw' });
    expect(thrown.error).toMatchObject({ errorType: 'TypeError', errorMessage: 'broken' });
    expect(thrown.error?.trace?.[0]).toBe('TypeError: broken');
    expect((await fn.invoke({ do: 'throw-text' })).error).toMatchObject({ errorMessage: 'just text' });
    expect((await fn.invoke({ do: 'circle' })).error?.errorType).toBe('Runtime.MarshalError');
    expect((await fn.invoke({})).payload).toBe(4);
    expect(fn.stats()).toMatchObject({
      invocations: 4,
      errors: 3,
      coldStarts: 1,
      environments: 1,
      running: 0,
    });
  });

  it.each([
    ['exits', { do: 'exit', code: 3 }, 'Runtime.ExitError', 'Runtime exited with error: exit status 3'],
    [
      'exits cleanly',
      { do: 'exit', code: 0 },
      'Runtime.ExitError',
      'Runtime exited without providing a reason',
    ],
    ['throws outside of the handler', { do: 'late-throw' }, 'Error', 'late'],
    ['forgets a rejection', { do: 'reject' }, 'Runtime.UnhandledPromiseRejection', 'forgotten'],
  ])('discard an environment that %s', async (_what, event, errorType, message) => {
    const { stack } = await start({}, isolate);
    const fn = stack.function('Fn');
    await fn.invoke({});
    const { error } = await fn.invoke(event);
    expect(error?.errorType).toBe(errorType);
    expect(error?.errorMessage).toContain(message);
    expect((await fn.invoke({})).payload).toBe(1);
    expect(fn.stats()).toMatchObject({ coldStarts: 2, environments: 1 });
  });

  it('end an environment that runs out of memory', async () => {
    const { stack } = await start({ MemorySize: 128, Timeout: 60 }, isolate);
    const { error } = await stack.function('Fn').invoke({ do: 'hoard' });
    expect(error).toMatchObject({ errorType: 'Runtime.OutOfMemory' });
    expect(error?.errorMessage).toMatch(
      /^RequestId: [-0-9a-f]{36} Error: Runtime exited with error: signal: killed$/,
    );
    expect((await stack.function('Fn').invoke({})).payload).toBe(1);
  });

  it.each(['hang', 'spin'])('end an environment whose handler is out of time (%s)', async (what) => {
    const { stack, lines } = await start({ Timeout: 1 }, isolate);
    const { error, requestId } = await stack.function('Fn').invoke({ do: what });
    const errorMessage = `RequestId: ${requestId} Error: Task timed out after 1.00 seconds`;
    expect(error).toEqual({ errorType: 'Sandbox.Timedout', errorMessage });
    expect(lines.map(({ text }) => text)).toContain(errorMessage);
    expect((await stack.function('Fn').invoke({})).payload).toBe(1);
  });

  it('get their own environment variables, and Lambda’s', async () => {
    const variables = { Environment: { Variables: { MINE: { Ref: 'AWS::Region' } } }, MemorySize: 256 };
    const { stack } = await start(variables, isolate);
    const fn = stack.function('Fn');
    const { payload } = await fn.invoke({ do: 'env' });
    expect(payload).toMatchObject({
      MINE: 'us-east-1',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'App-Fn',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/App-Fn',
      AWS_ENDPOINT_URL_SQS: stack.endpoints.sqs,
      AWS_ENDPOINT_URL_DYNAMODB: stack.endpoints.dynamodb,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: stack.endpoints.secretsManager,
      AWS_ENDPOINT_URL_LAMBDA: stack.endpoints.lambda,
      _HANDLER: 'index.handler',
    });
    expect(payload).not.toHaveProperty('LEAK');
    expect(payload).not.toHaveProperty('HOME');
    expect(payload).not.toHaveProperty('SPILLWAY_ENVIRONMENT_START');
    expect(process.env.LEAK).toBeUndefined();
    await fn.kill();
    expect((await fn.invoke({ do: 'env' })).payload).not.toHaveProperty('LEAK');
  });

  it('get a context, and results go through JSON', async () => {
    const { stack } = await start({}, isolate);
    const fn = stack.function('Fn');
    const { payload, requestId } = await fn.invoke({ do: 'context' });
    expect(payload).toMatchObject({
      awsRequestId: requestId,
      functionName: 'App-Fn',
      functionVersion: '$LATEST',
      invokedFunctionArn: fn.arn,
      memoryLimitInMB: '128',
      logGroupName: '/aws/lambda/App-Fn',
      left: expect.toSatisfy((left: number) => left > 4000 && left <= 5000),
    });
    expect((await fn.invoke({ do: 'nothing' })).payload).toBeNull();
    expect((await fn.invoke({ do: 'date' })).payload).toEqual({ date: '1970-01-01T00:00:00.000Z' });
  });

  it('write lines to the listener', async () => {
    const { stack, lines } = await start({}, isolate);
    await stack.function('Fn').invoke({ do: 'log' });
    await until('both lines came', () => lines.length === 2);
    expect(lines).toContainEqual({ functionId: 'Fn', stream: 'stdout', text: 'out' });
    expect(lines).toContainEqual({ functionId: 'Fn', stream: 'stderr', text: 'err' });
  });

  it('fail at once when they are killed', async () => {
    const { stack } = await start({ Timeout: 60 }, isolate);
    const fn = stack.function('Fn');
    await fn.invoke({});
    const running = fn.invoke({ do: 'hang' });
    await fn.kill();
    expect((await running).error).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await fn.invoke({})).payload).toBe(1);
  });
});

describe('environments', () => {
  it('run one invocation at a time, start when none is free and are reused', async () => {
    const { stack } = await start();
    const fn = stack.function('Fn');
    const all = await Promise.all([
      fn.invoke({ do: 'slow' }),
      fn.invoke({ do: 'slow' }),
      fn.invoke({ do: 'slow' }),
    ]);
    expect(all.map(({ payload }) => payload)).toEqual([1, 1, 1]);
    expect((await fn.invoke({})).payload).toBe(2);
    expect(fn.stats()).toMatchObject({ coldStarts: 3, environments: 3 });
  });

  it('make invocations over the maximum wait', async () => {
    const { stack } = await run({ App: { resources: { Fn: functionResource('main') } } }, CODE, {
      maxEnvironments: 1,
    });
    const fn = stack.function('Fn');
    const all = await Promise.all([fn.invoke({ do: 'slow' }), fn.invoke({}), fn.invoke({})]);
    expect(all.map(({ payload }) => payload)).toEqual([1, 2, 3]);
  });

  it('end after having been idle', async () => {
    const { stack } = await run({ App: { resources: { Fn: functionResource('main') } } }, CODE, {
      idleMs: 10,
    });
    const fn = stack.function('Fn');
    await fn.invoke({});
    await until('the environment is gone', () => fn.stats().environments === 0);
    expect((await fn.invoke({})).payload).toBe(1);
  });

  it('are throttled over the reserved concurrency', async () => {
    const { stack } = await start({ ReservedConcurrentExecutions: 1 });
    const fn = stack.function('Fn');
    const [first, second] = await Promise.all([fn.invoke({ do: 'slow' }), fn.invoke({})]);
    expect(first?.payload).toBe(1);
    expect(second).toMatchObject({ throttled: true, error: { errorType: 'TooManyRequestsException' } });
    expect(fn.stats().throttles).toBe(1);
  });
});
