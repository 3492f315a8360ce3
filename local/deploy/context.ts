import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { StackClock } from '../cloudwatch/stack-clock.ts';
import type { StartedCloudWatch } from '../cloudwatch/start.ts';
import type { AppConfigStore } from '../emulators/app-config.ts';
import type { Fauxqs } from '../emulators/fauxqs.ts';
import type { ParameterStore } from '../emulators/parameter-store.ts';
import type { RequestLog } from '../emulators/request-log.ts';
import type { SecretStore } from '../emulators/secrets-manager.ts';
import type { AsyncInvoker } from '../lambda/async-invoke.ts';
import type { FunctionRunner, RunnerOptions } from '../lambda/function.ts';
import type { LocalQueue } from '../queue.ts';
import type { LocalSchedule } from '../schedule/schedule.ts';
import type { EventSourceMapping } from '../sqs/mapping.ts';
import type { FunctionUrl } from '../url/function-url.ts';
import type { ModelResource } from './model.ts';

/** A function of the template, with what was found out about it while deploying. */
export interface DeployedFunction {
  readonly resource: ModelResource;
  readonly runner: FunctionRunner;
  readonly invoker: AsyncInvoker;
  url?: string;
}

/** A line that a function wrote. */
export interface LogLine {
  /** Construct path of the function. */
  readonly functionId: string;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** Values of a secret, by version stage. */
export type SecretSetting = string | { readonly current: string; readonly previous?: string };

/** What resources are deployed with, and where they are registered. */
export interface DeployContext {
  readonly sqs: (region: string) => SQSClient;
  readonly dynamodb: (region: string) => DynamoDBClient;
  /** The emulator of SQS, SNS and S3, unless an endpoint of one's own is used. */
  readonly fauxqs: Fauxqs | undefined;
  readonly requests: RequestLog;
  /** Time of CloudWatch and of the schedules. */
  readonly clock: StackClock;
  readonly cloudwatch: StartedCloudWatch;
  readonly secrets: SecretStore;
  readonly parameters: ParameterStore;
  readonly appConfig: AppConfigStore;
  readonly secretSettings: Readonly<Record<string, SecretSetting>>;
  readonly environment: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly runner: Omit<RunnerOptions, 'onLine'>;
  readonly onLine: (line: LogLine) => void;
  /** Endpoint of each service that functions call, by the suffix of `AWS_ENDPOINT_URL_`. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly sqsUrl: string;
  readonly temporaryDirectory: () => Promise<string>;
  readonly stateChangeMs: number;
  /** Aborts when the stack stops. */
  readonly signal: AbortSignal;
  readonly functionUrl: (resource: ModelResource) => FunctionUrl | undefined;
  readonly queues: LocalQueue[];
  readonly functions: DeployedFunction[];
  readonly mappings: EventSourceMapping[];
  readonly schedules: LocalSchedule[];
  /** Find a deployed function by name, ARN or partial ARN. */
  readonly findFunction: (name: string) => DeployedFunction | undefined;
  readonly warn: (warning: string) => void;
}

/** Deploys one resource. */
export type Player = (resource: ModelResource, context: DeployContext) => Promise<void> | void;

/** Whether an option's key names a resource: logical id, construct path or physical id. */
export function isNamed(resource: ModelResource, key: string): boolean {
  return key === resource.logicalId || key === resource.constructPath || key === resource.physicalId;
}
