import type { LocalCloudWatch } from './cloudwatch/cloudwatch.ts';
import { NotIdleError, UnknownResourceError } from './errors.ts';
import type { LocalFunction } from './function.ts';
import type { LocalQueue } from './queue.ts';
import type { LocalSchedule } from './schedule/schedule.ts';
import type { EventSourceMapping } from './sqs/mapping.ts';

/** The services that a local stack answers for. */
export type LocalService =
  | 'sqs'
  | 'sns'
  | 's3'
  | 'dynamodb'
  | 'lambda'
  | 'secretsManager'
  | 'ssm'
  | 'appConfigData'
  | 'cloudwatch';

/** What an AWS SDK client is constructed with to reach the local stack. */
export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A running local stack. */
export interface LocalStack {
  /** Outputs of the templates, by stack name and key. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly endpoints: Readonly<Record<LocalService, string>>;
  readonly queues: readonly LocalQueue[];
  readonly functions: readonly LocalFunction[];
  readonly mappings: readonly EventSourceMapping[];
  readonly schedules: readonly LocalSchedule[];
  /** Metrics, alarms and dashboards, in the stack's time. */
  readonly cloudwatch: LocalCloudWatch;
  /** Where the page with dashboards and alarms is, if it was asked for. */
  readonly pageUrl?: string;
  /** Everything that cannot be played or went wrong, each said once. */
  readonly warnings: readonly string[];
  /** Settings for an SDK client of a service. */
  clientConfig(service: LocalService): ClientConfig;
  /**
   * Physical id (what `Ref` gives) of a resource, by logical id or construct path.
   *
   * @throws {UnknownResourceError} if there is none, or more than one
   */
  resource(id: string): string;
  /**
   * A queue, by logical id, construct path, name, URL or ARN.
   *
   * @throws {UnknownResourceError} if there is none, or more than one
   */
  queue(id: string): LocalQueue;
  /**
   * A function, by logical id, construct path, name or ARN.
   *
   * @throws {UnknownResourceError} if there is none, or more than one
   */
  function(id: string): LocalFunction;
  /** Store a new version of a secret; the one before becomes AWSPREVIOUS. */
  rotateSecret(id: string, value: string): void;
  /** Requests that a service was asked, by operation, since the last reset; the pollers' own are included. */
  requestCounts(service: LocalService): Readonly<Record<string, number>>;
  resetRequestCounts(): void;
  /**
   * Wait until every queue that has an event source is empty (nothing visible, in flight or delayed) and no function
   * runs. Messages that are delayed on their way to a function whose `RecursiveLoop` is allowed do not count: it sends
   * itself wake-ups, and would never be done.
   *
   * @throws {NotIdleError} if that takes longer than `timeoutMs`, naming what is left
   */
  whenIdle(options: { readonly timeoutMs: number }): Promise<void>;
  /** Stop polling, let running invocations end for up to `graceMs` (@default 5000), then close everything. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

const IDLE_POLL_MS = 20;

/** The one item that an id names. */
export function findOne<T>(
  items: readonly T[],
  what: string,
  id: string,
  namesOf: (item: T) => readonly string[],
): T {
  const matching = items.filter((item) => namesOf(item).includes(id));
  const [only] = matching;
  if (matching.length === 1 && only !== undefined) return only;
  const known = items.map((item) => namesOf(item)[0]).join(', ');
  throw new UnknownResourceError(
    matching.length === 0
      ? `no ${what} ${id}; there are: ${known === '' ? 'none' : known}`
      : `${id} names ${matching.length} ${what}s: use the construct path`,
  );
}

/** What is left to do: a sentence, or `undefined` if the stack is idle. */
export async function describeWork(
  queues: readonly LocalQueue[],
  functions: readonly LocalFunction[],
  mappings: readonly EventSourceMapping[],
  holdsWakeUps: (queueArn: string) => boolean = () => false,
): Promise<string | undefined> {
  const work: string[] = [];
  for (const queue of queues.filter(({ arn }) => mappings.some(({ queueArn }) => queueArn === arn))) {
    const { visible, inFlight, ...counts } = await queue.counts();
    const delayed = holdsWakeUps(queue.arn) ? 0 : counts.delayed;
    if (visible + inFlight + delayed > 0) {
      work.push(`${queue.name} has ${visible} visible, ${inFlight} in flight and ${delayed} delayed`);
    }
  }
  for (const { name, stats } of functions) {
    const { running } = stats();
    if (running > 0) work.push(`${name} runs ${running} invocations`);
  }
  return work.length === 0 ? undefined : work.join('; ');
}

/** Wait until there is no work. */
export async function waitForIdle(work: () => Promise<string | undefined>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = await work();
    if (left === undefined) return;
    if (Date.now() >= deadline) throw new NotIdleError(`not idle after ${timeoutMs} ms: ${left}`);
    await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS));
  }
}
