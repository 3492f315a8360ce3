export type {
  AlarmChange,
  AlarmState,
  LocalAlarm,
  LocalCloudWatch,
  LocalDashboard,
  MetricDatum,
  MetricId,
  MetricQuery,
  MetricSeries,
} from './cloudwatch/cloudwatch.ts';
export type { StackClock } from './cloudwatch/stack-clock.ts';
export type { LogLine, SecretSetting } from './deploy/context.ts';
export { ApiError, type ApiFault } from './emulators/json-service.ts';
export {
  AssemblyError,
  ForeignEndpointError,
  InvalidResourceError,
  LocalStackError,
  MissingEmulatorError,
  NotIdleError,
  PortTakenError,
  ReferenceCycleError,
  type TemplateLocation,
  UnknownResourceError,
  UnresolvedReferenceError,
  UnsupportedIntrinsicError,
} from './errors.ts';
export type { LocalFunction } from './function.ts';
export type { FunctionStats, InvocationResult } from './lambda/function.ts';
export type { FunctionError } from './lambda/protocol.ts';
export type { LocalStackOptions } from './options.ts';
export type { PageOptions } from './page/page.ts';
export type { LocalQueue, QueueCounts, StoredMessage } from './queue.ts';
export type { LocalSchedule } from './schedule/schedule.ts';
export type { EventSourceMapping, MappingChange, MappingState } from './sqs/mapping.ts';
export type { ClientConfig, LocalService, LocalStack } from './stack.ts';
export { startLocalStack } from './start.ts';
