import type { LogLine, SecretSetting } from './deploy/context.ts';
import type { ApiFault } from './emulators/json-service.ts';
import type { PageOptions } from './page/page.ts';

/** What a local stack is started with. */
export interface LocalStackOptions {
  /** Directory that `cdk synth` wrote, usually `cdk.out`. */
  readonly assembly: string;
  /**
   * Names of the stacks to run.
   *
   * @default - all stacks of the assembly
   */
  readonly stacks?: readonly string[];
  /**
   * Run functions in child processes instead of worker threads: slower to start, fully apart.
   *
   * @default false
   */
  readonly isolate?: boolean;
  /**
   * Environment variables to add to functions, by logical id, construct path or function name. They win over the
   * template's.
   *
   * @default - the template's variables only
   */
  readonly environment?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /**
   * Values of secrets, by logical id, name or construct path.
   *
   * @default - SecretString of the template, or what GenerateSecretString describes
   */
  readonly secrets?: Readonly<Record<string, SecretSetting>>;
  /**
   * Values of template parameters.
   *
   * @default - the parameters' defaults
   */
  readonly parameters?: Readonly<Record<string, string>>;
  /**
   * Endpoints of one's own instead of the emulators. Queue URLs are expected to be `<endpoint>/000000000000/<name>`;
   * with an SQS endpoint, topics and buckets are not played.
   *
   * @default - fauxqs and dynalite in this process
   */
  readonly endpoints?: { readonly sqs?: string; readonly dynamodb?: string };
  /**
   * Environments of one function at a time; further invocations wait, and no event source handles more batches at a
   * time. 1 or more.
   *
   * @default 10
   */
  readonly maxEnvironments?: number;
  /**
   * How long a warm environment is kept without work, in milliseconds.
   *
   * @default 60000
   */
  readonly idleMs?: number;
  /**
   * How long enabling, disabling or updating an event source mapping takes, in milliseconds. On AWS it takes seconds to
   * a minute.
   *
   * @default 200
   */
  readonly stateChangeMs?: number;
  /**
   * Answers calls to the Lambda, Secrets Manager, Parameter Store, AppConfig and CloudWatch APIs with an error instead of serving them, to try out throttling.
   *
   * @default - every call is served
   *
   * @example
   * apiFault: ({ operation }) =>
   *   operation === 'UpdateEventSourceMapping' ? new ApiError(429, 'TooManyRequestsException', 'Rate exceeded') : undefined
   */
  readonly apiFault?: ApiFault;
  /**
   * How many times as fast as the machine's the clock of CloudWatch and of the schedules runs, so that an alarm of five
   * minutes goes off in seconds. 1 or more. Everything else takes the time that it takes: visibility, retries, open times;
   * durations that metrics report are told in the stack's time, so multiplied by this.
   *
   * @default 1
   */
  readonly timeScale?: number;
  /**
   * Serve a page on loopback that draws the dashboards of the templates, live, and shows the alarms with their reasons.
   * It only shows. With a port it is where one expects it; 0 takes a free one.
   *
   * @default false
   */
  readonly page?: boolean | PageOptions;
  /** Called with every line that a function writes. */
  readonly onLog?: (line: LogLine) => void;
  /** Called with every warning: what cannot be played, and what went wrong while running. */
  readonly onWarning?: (warning: string) => void;
}
