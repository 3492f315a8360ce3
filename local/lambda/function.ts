import type { Channel, ChannelOptions } from './channel.ts';
import { createEnvironment, type ExecutionEnvironment } from './environment.ts';
import type { ContextFields, FunctionError } from './protocol.ts';

/** What a function of the template is run with. */
export interface FunctionDefinition {
  readonly name: string;
  readonly arn: string;
  readonly taskRoot: string;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly logGroupName: string;
  /** The whole environment, Lambda's own variables included. */
  readonly variables: Readonly<Record<string, string>>;
  /** Invocations beyond this many at a time are throttled. */
  readonly reservedConcurrency?: number;
}

/** How the local stack runs functions. */
export interface RunnerOptions {
  readonly open: (options: ChannelOptions) => Channel;
  readonly packageRoots: readonly string[];
  /** Invocations beyond this many at a time wait, since a laptop has fewer cores than Lambda. */
  readonly maxEnvironments: number;
  /** An environment that did nothing for so long is ended. */
  readonly idleMs: number;
  readonly onLine: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Called when an invocation ended, or was refused. */
  readonly onInvocation?: (record: InvocationRecord) => void;
}

/** An invocation that ended, or was refused. */
export interface InvocationRecord {
  readonly startedAtEpochMs: number;
  /** How long the handler took; initialization is no part of it. */
  readonly durationMs: number;
  readonly failed: boolean;
  /** Whether it was refused because all reserved concurrency was in use. */
  readonly throttled: boolean;
  /** Invocations that ran or waited when it began, itself included. */
  readonly concurrent: number;
}

/** The outcome of one invocation. */
export interface InvocationResult {
  readonly requestId: string;
  /** What the handler returned, once through JSON: `undefined` is `null`. */
  readonly payload: unknown;
  /** The function error, if it failed. */
  readonly error?: FunctionError;
  /** Whether the invocation was refused because all reserved concurrency was in use. */
  readonly throttled?: boolean;
}

/** What happened to a function so far. */
export interface FunctionStats {
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  /** Invocations that are running or waiting for an environment now. */
  readonly running: number;
  /** Environments that exist now. */
  readonly environments: number;
}

/** Runs a function's invocations in execution environments that it starts, reuses and ends. */
export interface FunctionRunner {
  readonly definition: FunctionDefinition;
  invoke(event: unknown): Promise<InvocationResult>;
  /** End every environment at once; running invocations fail as if the process had been killed. */
  kill(): Promise<void>;
  stats(): FunctionStats;
}

interface Slot {
  readonly environment: ExecutionEnvironment;
  readonly logStreamName: string;
  idleTimer?: NodeJS.Timeout;
}

/**
 * Create the runner of one function. The environment used last is reused first, as on AWS; environments are not frozen
 * between invocations, as they are there.
 */
export function createFunctionRunner(definition: FunctionDefinition, options: RunnerOptions): FunctionRunner {
  const slots = new Set<Slot>();
  const idle: Slot[] = [];
  const waiting: (() => void)[] = [];
  const counts = { invocations: 0, errors: 0, throttles: 0, coldStarts: 0, running: 0 };

  const discard = (slot: Slot): void => {
    clearTimeout(slot.idleTimer);
    slots.delete(slot);
    const index = idle.indexOf(slot);
    if (index >= 0) idle.splice(index, 1);
  };
  const start = (): Slot => {
    counts.coldStarts += 1;
    const logStreamName = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${crypto.randomUUID().replaceAll('-', '')}`;
    const channel = options.open({
      start: {
        taskRoot: definition.taskRoot,
        handler: definition.handler,
        packageRoots: options.packageRoots,
      },
      variables: { ...definition.variables, AWS_LAMBDA_LOG_STREAM_NAME: logStreamName },
      memoryMb: definition.memoryMb,
    });
    const slot: Slot = { environment: createEnvironment(channel, options.onLine), logStreamName };
    slots.add(slot);
    return slot;
  };
  const acquire = async (): Promise<Slot> => {
    for (;;) {
      const warm = idle.pop();
      if (warm?.environment.alive) {
        clearTimeout(warm.idleTimer);
        return warm;
      }
      if (warm !== undefined) discard(warm);
      else if (slots.size < options.maxEnvironments) return start();
      else await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const release = (slot: Slot): void => {
    if (slot.environment.alive) {
      idle.push(slot);
      slot.idleTimer = setTimeout(() => {
        discard(slot);
        void slot.environment.kill();
      }, options.idleMs);
      slot.idleTimer.unref();
    } else {
      discard(slot);
    }
    waiting.shift()?.();
  };

  return {
    definition,
    async invoke(event) {
      const requestId = crypto.randomUUID();
      const startedAtEpochMs = Date.now();
      const concurrent = counts.running + 1;
      const record = (outcome: Pick<InvocationRecord, 'durationMs' | 'failed' | 'throttled'>): void =>
        options.onInvocation?.({ startedAtEpochMs, concurrent, ...outcome });
      if (counts.running >= (definition.reservedConcurrency ?? Number.POSITIVE_INFINITY)) {
        counts.throttles += 1;
        record({ durationMs: 0, failed: false, throttled: true });
        const error = { errorType: 'TooManyRequestsException', errorMessage: 'Rate Exceeded.' };
        return { requestId, payload: null, error, throttled: true };
      }
      counts.invocations += 1;
      counts.running += 1;
      try {
        const json = JSON.stringify(event) ?? 'null';
        const slot = await acquire();
        const result = await slot.environment.invoke({
          event: json,
          context: contextFields(definition, requestId, slot.logStreamName),
          timeoutMs: definition.timeoutMs,
        });
        release(slot);
        record({ durationMs: result.durationMs ?? 0, failed: !result.ok, throttled: false });
        if (result.ok) return { requestId, payload: JSON.parse(result.payload) };
        counts.errors += 1;
        return { requestId, payload: null, error: result.error };
      } finally {
        counts.running -= 1;
      }
    },
    async kill() {
      const all = [...slots];
      for (const slot of all) discard(slot);
      await Promise.all(all.map(({ environment }) => environment.kill()));
    },
    stats: () => ({ ...counts, environments: slots.size }),
  };
}

function contextFields(
  definition: FunctionDefinition,
  requestId: string,
  logStreamName: string,
): ContextFields {
  return {
    awsRequestId: requestId,
    functionName: definition.name,
    functionVersion: '$LATEST',
    invokedFunctionArn: definition.arn,
    memoryLimitInMB: String(definition.memoryMb),
    logGroupName: definition.logGroupName,
    logStreamName,
  };
}
