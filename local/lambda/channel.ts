import { fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { EnvironmentStart, InvokeMessage } from './protocol.ts';

/** Why an execution environment ended. */
export type ExitReason =
  | { readonly type: 'out-of-memory' }
  | { readonly type: 'signal'; readonly signal: string }
  | { readonly type: 'exit'; readonly code: number };

/** The connection to the thread or process that is an execution environment. */
export interface Channel {
  send(message: InvokeMessage): void;
  onMessage(listener: (message: unknown) => void): void;
  onExit(listener: (reason: ExitReason) => void): void;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** End it at once, whatever it is doing. */
  kill(): Promise<void>;
}

/** What a channel is opened with. */
export interface ChannelOptions {
  readonly start: EnvironmentStart;
  readonly variables: Readonly<Record<string, string>>;
  readonly memoryMb: number;
}

const BOOTSTRAP = new URL(
  import.meta.url.endsWith('.ts') ? './bootstrap.ts' : './bootstrap.js',
  import.meta.url,
);

/**
 * An execution environment in a worker thread: cheap, with an environment of its own. The memory limit holds for the
 * JavaScript heap only, the working directory is that of the process, and of `NODE_OPTIONS` only
 * `--enable-source-maps` takes effect.
 */
export function openWorker({ start, variables, memoryMb }: ChannelOptions): Channel {
  const { NODE_OPTIONS: nodeOptions, ...env } = variables;
  const worker = new Worker(BOOTSTRAP, {
    env,
    execArgv: nodeOptions?.includes('--enable-source-maps') ? ['--enable-source-maps'] : [],
    argv: [],
    workerData: start,
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 8 },
  });
  let outOfMemory = false;
  worker.on('error', (error: unknown) => {
    outOfMemory ||= error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  });
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (listener) => worker.on('message', listener),
    onExit: (listener) =>
      worker.on('exit', (code) => listener(outOfMemory ? { type: 'out-of-memory' } : { type: 'exit', code })),
    stdout: worker.stdout,
    stderr: worker.stderr,
    kill: async () => {
      await worker.terminate();
    },
  };
}

/**
 * An execution environment in a child process: fully isolated, with the code's directory as working directory. The
 * memory limit holds for the JavaScript heap only.
 */
export function openProcess({ start, variables, memoryMb }: ChannelOptions): Channel {
  const child = fork(fileURLToPath(BOOTSTRAP), [], {
    cwd: start.taskRoot,
    env: {
      PATH: process.env.PATH,
      ...variables,
      SPILLWAY_ENVIRONMENT_START: JSON.stringify(start),
    },
    execArgv: [`--max-old-space-size=${memoryMb}`],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a child process must have its output piped');
  let killed = false;
  return {
    send: (message) => {
      if (child.connected) child.send(message);
    },
    onMessage: (listener) => child.on('message', listener),
    onExit: (listener) => {
      child.on('error', () => undefined);
      child.on('exit', (code, signal) => {
        if (signal === null) listener({ type: 'exit', code: code ?? 0 });
        else
          listener(signal === 'SIGABRT' && !killed ? { type: 'out-of-memory' } : { type: 'signal', signal });
      });
    },
    stdout,
    stderr,
    kill: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve();
          return;
        }
        killed = true;
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}
