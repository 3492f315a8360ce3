export { ConfigurationFileError, type FileProblem } from '../lambdas/core/configuration/file-error.ts';
export type { EnvelopeKind, FailureReason, OnExhausted, Priority } from '../lambdas/core/settings.ts';
export { Backoff, type BackoffProps } from './backoff.ts';
export type {
  AdaptiveConcurrencyProps,
  BulkheadProps,
  CallPolicyProps,
  CallRetryProps,
  RateLimitPartProps,
  RateLimitProps,
  RetryBudgetProps,
} from './call-policies.ts';
export { CircuitPreset, type CircuitProps } from './circuits.ts';
export type { ConfiguredConsumerProps } from './config/content-props.ts';
export {
  type AppConfigOptions,
  type ParameterConfigOptions,
  RuntimeConfig,
  type RuntimeConfigOptions,
} from './config/runtime-config.ts';
export { SpillwayConfig } from './config/spillway-config.ts';
export { HealthCheck } from './health-check.ts';
export type { AgeLimits, GrowthLimits, HealthCheckProps } from './health-check-props.ts';
export { IntakeController, type IntakeControllerProps } from './intake-controller.ts';
export type { KillSwitchProps } from './kill-switch.ts';
export type {
  IntakeAlarmsOptions,
  QueueAlarmsOptions,
  ResilienceAlarmsOptions,
  RuntimeAlarmsOptions,
  SetAsideAlarmsOptions,
} from './monitoring/alarm-options.ts';
export { LogQueries, type LogQueriesProps } from './monitoring/log-queries.ts';
export { ResilienceAlarms, type ResilienceAlarmsProps } from './monitoring/resilience-alarms.ts';
export { ResilienceDashboard, type ResilienceDashboardProps } from './monitoring/resilience-dashboard.ts';
export type { RuntimeMetric } from './monitoring/runtime-metrics.ts';
export type { AlarmId } from './monitoring/watch.ts';
export { type PriorityLane, PriorityLanes } from './priority-lanes.ts';
export type { ConnectProducerOptions, LaneProps, PriorityLanesProps } from './priority-lanes-props.ts';
export { ResilientConsumer } from './resilient-consumer.ts';
export type {
  AnyFunction,
  AttemptProps,
  ConsumerFunctionProps,
  ResilientConsumerProps,
} from './resilient-consumer-props.ts';
export { ResilientQueue } from './resilient-queue.ts';
export type { CompanionQueueProps, ResilientQueueProps, WrappedQueueProps } from './resilient-queue-props.ts';
export type { ReputationProps, ScreeningProps, SignatureProps, SourceProps } from './screening.ts';
export type { AnyTable } from './state-table.ts';
export { StateTable, type StateTableAccess, type StateTableProps } from './state-table.ts';
