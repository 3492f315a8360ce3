import type { Readable } from 'node:stream';
import type { Channel, ExitReason } from './channel.ts';
import { type ContextFields, type FunctionError, isEnvironmentMessage } from './protocol.ts';

/** How an invocation ended, its payload still JSON. */
export type EnvironmentResult =
  | { readonly ok: true; readonly payload: string; readonly durationMs?: number }
  | { readonly ok: false; readonly error: FunctionError; readonly durationMs?: number };

/** One invocation for an execution environment. */
export interface EnvironmentInvocation {
  readonly event: string;
  readonly context: ContextFields;
  readonly timeoutMs: number;
}

/** An execution environment: the handler, loaded once, that runs one invocation at a time. */
export interface ExecutionEnvironment {
  /** Whether it can take another invocation. */
  readonly alive: boolean;
  invoke(invocation: EnvironmentInvocation): Promise<EnvironmentResult>;
  kill(): Promise<void>;
}

/** Where the lines that the function writes go. */
export type LineListener = (stream: 'stdout' | 'stderr', text: string) => void;

const MAX_INIT_MS = 10_000;

/**
 * Run invocations over a channel. Initialization is given 10 seconds, as on AWS, and is not part of the invocation's
 * time. An environment that times out, exits or runs out of memory is gone: it reports the error Lambda would.
 */
export function createEnvironment(channel: Channel, onLine: LineListener): ExecutionEnvironment {
  let alive = true;
  let initialized = false;
  let settle: ((result: EnvironmentResult) => void) | undefined;
  let requestId = '';
  const init = Promise.withResolvers<EnvironmentResult>();
  readLines(channel.stdout, (text) => onLine('stdout', text));
  readLines(channel.stderr, (text) => onLine('stderr', text));

  const finish = (result: EnvironmentResult): void => {
    const done = settle;
    settle = undefined;
    done?.(result);
  };
  const die = (error: FunctionError): void => {
    alive = false;
    init.resolve({ ok: false, error });
    finish({ ok: false, error });
  };
  channel.onMessage((message) => {
    if (!isEnvironmentMessage(message)) return;
    if (message.type === 'ready') {
      initialized = true;
      init.resolve({ ok: true, payload: '' });
    } else if (message.type === 'init-error' || message.type === 'crash') {
      die(message.error);
    } else if (message.requestId === requestId) {
      finish(
        message.type === 'result'
          ? { ok: true, payload: message.payload }
          : { ok: false, error: message.error },
      );
    }
  });
  channel.onExit((reason) => {
    const busy = settle !== undefined;
    const error = exitError(reason, requestId);
    die(error);
    if (busy) onLine('stderr', error.errorMessage);
  });

  const within = async (
    timeoutMs: number,
    wait: Promise<EnvironmentResult>,
    what: string,
  ): Promise<EnvironmentResult> => {
    const timer = setTimeout(() => {
      const seconds = (timeoutMs / 1000).toFixed(2);
      const errorMessage = `RequestId: ${requestId} Error: ${what} timed out after ${seconds} seconds`;
      onLine('stderr', errorMessage);
      die({ errorType: 'Sandbox.Timedout', errorMessage });
      void channel.kill();
    }, timeoutMs);
    const result = await wait;
    clearTimeout(timer);
    return result;
  };

  return {
    get alive() {
      return alive;
    },
    async invoke({ event, context, timeoutMs }) {
      requestId = context.awsRequestId;
      if (!initialized) {
        const started = await within(Math.max(MAX_INIT_MS, timeoutMs), init.promise, 'Init');
        if (!started.ok) return started;
      }
      if (!alive) return { ok: false, error: exitError({ type: 'exit', code: 1 }, requestId) };
      const result = Promise.withResolvers<EnvironmentResult>();
      settle = result.resolve;
      const startedAt = performance.now();
      channel.send({ type: 'invoke', event, context, deadlineEpochMs: Date.now() + timeoutMs });
      const ended = await within(timeoutMs, result.promise, 'Task');
      return { ...ended, durationMs: performance.now() - startedAt };
    },
    async kill() {
      die(exitError({ type: 'signal', signal: 'killed' }, requestId));
      await channel.kill();
    },
  };
}

function exitError(reason: ExitReason, requestId: string): FunctionError {
  const detail =
    reason.type === 'out-of-memory'
      ? 'Runtime exited with error: signal: killed'
      : reason.type === 'signal'
        ? `Runtime exited with error: signal: ${reason.signal}`
        : reason.code === 0
          ? 'Runtime exited without providing a reason'
          : `Runtime exited with error: exit status ${reason.code}`;
  return {
    errorType: reason.type === 'out-of-memory' ? 'Runtime.OutOfMemory' : 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: ${detail}`,
  };
}

function readLines(stream: Readable, onLine: (text: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
