/**
 * What runs inside an execution environment, worker thread or child process: loads the handler once, then runs one
 * invocation after the other. It is started by a channel (channel.ts) and imports nothing but its own protocol.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { type Handler, HandlerLoadError, loadHandler, toFunctionError } from './load-handler.ts';
import {
  type EnvironmentMessage,
  type InvokeMessage,
  isEnvironmentStart,
  isInvokeMessage,
} from './protocol.ts';

const START_VARIABLE = 'SPILLWAY_ENVIRONMENT_START';

let current: string | undefined;

function post(message: EnvironmentMessage, done?: () => void): void {
  if (isMainThread) {
    process.send?.(message, undefined, undefined, () => done?.());
  } else {
    parentPort?.postMessage(message);
    done?.();
  }
}

function crash(error: unknown, type: string | undefined, exitCode: number): void {
  const report = toFunctionError(error);
  current = undefined;
  process.stderr.write(`${report.trace?.join('\n') ?? report.errorMessage}\n`);
  post({ type: 'crash', error: type === undefined ? report : { ...report, errorType: type } }, () =>
    process.exit(exitCode),
  );
}

process.on('uncaughtException', (error) => crash(error, undefined, 129));
process.on('unhandledRejection', (reason) => crash(reason, 'Runtime.UnhandledPromiseRejection', 128));

async function invoke(handler: Handler, { event, context, deadlineEpochMs }: InvokeMessage): Promise<void> {
  const requestId = context.awsRequestId;
  current = requestId;
  process.env._X_AMZN_TRACE_ID = traceHeader(requestId);
  let reply: EnvironmentMessage;
  try {
    const result = await run(handler, JSON.parse(event), {
      ...context,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadlineEpochMs - Date.now()),
    });
    reply = { type: 'result', requestId, payload: marshal(result) };
  } catch (error) {
    const report = toFunctionError(error);
    process.stderr.write(`Invoke Error ${JSON.stringify(report)}\n`);
    reply = { type: 'error', requestId, error: report };
  }
  await written(process.stdout);
  await written(process.stderr);
  if (current !== requestId) return;
  current = undefined;
  post(reply);
}

/** X-Ray's header, as Lambda sets it for an invocation that is not sampled. */
function traceHeader(requestId: string): string {
  const digits = requestId.replaceAll('-', '');
  const epoch = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${epoch}-${digits.slice(0, 24)};Parent=${digits.slice(-16)};Sampled=0`;
}

/** What an invocation wrote is out before its answer is: whoever waits for the one can count on the other. */
async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve());
  });
}

async function run(handler: Handler, event: unknown, context: object): Promise<unknown> {
  if (handler.length < 3) return handler(event, context);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const returned = handler(event, context, (error, result) => {
    if (error === null || error === undefined) resolve(result);
    else reject(error);
  });
  return returned instanceof Promise ? returned : promise;
}

function marshal(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (cause) {
    const error = new Error('Unable to stringify response body', { cause });
    error.name = 'Runtime.MarshalError';
    throw error;
  }
}

function startData(): unknown {
  if (!isMainThread) return workerData;
  const text = process.env[START_VARIABLE];
  delete process.env[START_VARIABLE];
  return text === undefined ? undefined : JSON.parse(text);
}

const start = startData();
if (isEnvironmentStart(start)) {
  try {
    const handler = await loadHandler(start);
    const receive = (message: unknown): void => {
      if (isInvokeMessage(message)) void invoke(handler, message);
    };
    if (isMainThread) process.on('message', receive);
    else parentPort?.on('message', receive);
    post({ type: 'ready' });
  } catch (error) {
    const report = error instanceof HandlerLoadError ? error.error : toFunctionError(error);
    process.stderr.write(`${report.errorType}: ${report.errorMessage}\n`);
    post({ type: 'init-error', error: report }, () => process.exit(1));
  }
}
