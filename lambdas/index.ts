export {
  type AdaptiveConcurrencyOptions,
  adaptiveConcurrency,
  withAdaptiveConcurrency,
} from './aws/adaptive-concurrency.ts';
export { ajvSchema, type CompiledValidator, type ValidatorError } from './aws/ajv-schema.ts';
export { type BulkheadOptions, bulkhead, withBulkhead } from './aws/bulkhead.ts';
export {
  type CircuitBreakerOptions,
  circuitBreaker,
  withCircuitBreaker,
} from './aws/circuit-breaker.ts';
export type { RuntimeClients } from './aws/clients.ts';
export { type FallbackOptions, fallback, withFallback } from './aws/fallback.ts';
export {
  type ConfiguredHealthCheck,
  type HealthCheckOptions,
  type HealthClients,
  healthCheck,
} from './aws/health-check.ts';
export {
  type HealthBody,
  type HealthRequest,
  type HealthResponse,
  type HealthResponseOptions,
  healthCheckHandler,
  healthResponse,
} from './aws/health-response.ts';
export {
  type IntakeChange,
  type IntakeState,
  type IntakeSwitch,
  type IntakeSwitchOptions,
  intakeSwitch,
} from './aws/intake-switch.ts';
export type { InvocationContext, SqsBatchResponse, SqsEvent, SqsEventRecord } from './aws/lambda-event.ts';
export type { PolicyOptions } from './aws/policy-parts.ts';
export {
  createProducer,
  InvalidPayloadError,
  type Producer,
  type ProducerEntry,
  type ProducerOptions,
  type ProducerOptionsBase,
  type ProducerResult,
  type SendOptions,
} from './aws/producer.ts';
export { type LaneUrls, lanesFromEnvironment, type ProducerTarget } from './aws/producer-lanes.ts';
export type { Propagate } from './aws/producer-trace.ts';
export { type RateLimiterOptions, rateLimiter, withRateLimit } from './aws/rate-limiter.ts';
export {
  type ConsumerOptionsBase,
  type IdempotentConsumerOptions,
  type NaturalConsumerOptions,
  type ResilientConsumerOptions,
  resilientConsumer,
  type SqsHandler,
} from './aws/resilient-consumer.ts';
export { type RetryOptions, retry, withRetry } from './aws/retry.ts';
export { type RetryBudgetOptions, retryBudget } from './aws/retry-budget.ts';
export type { ConfigurationClients } from './aws/run-time-configuration.ts';
export { type TimeoutOptions, timeout, withTimeout } from './aws/timeout.ts';
export type {
  CircuitDecision,
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
} from './core/circuit/circuit.ts';
export {
  type CallOptions,
  type CircuitBreaker,
  type CircuitBreakerStatistics,
  ProbeTimeoutError,
} from './core/circuit/circuit-breaker.ts';
export { type Classification, type Classifier, classifyError, parseRetryAfter } from './core/classifier.ts';
export type { Clock, Random } from './core/clock.ts';
export type { CircuitHandle, HandlerContext, Logger } from './core/context.ts';
export {
  BulkheadFullError,
  CallTimeoutError,
  CircuitOpenError,
  ConfigurationError,
  type ConfigurationProblem,
  DeferError,
  FallbackFailedError,
  HandlerTimeoutError,
  PermanentError,
  RateLimitedError,
  RefusedError,
  RetryAfterError,
  type RetryCallStatistics,
  RetryExhaustedError,
  type RetryStop,
  SpillwayError,
} from './core/errors.ts';
export type { FailedAttempt, FailureEnvelope, Finding, QuarantineReason } from './core/failure-envelope.ts';
export type { ComponentHealth, HealthReport, HealthStatus } from './core/health/health.ts';
export type { HealthCheck } from './core/health/health-check.ts';
export type { OwnCheck, OwnFinding } from './core/health/own-check.ts';
export type {
  HealthKind,
  HealthLimits,
  HealthSettings,
  HealthThresholds,
  WatchedConsumer,
} from './core/health/settings.ts';
export { expectOk, HttpStatusError } from './core/http.ts';
export type { IdempotencyKeySource } from './core/idempotency.ts';
export type { MessageAttribute, MessageIds, ProducerMetadata, ReceivedMessage } from './core/message.ts';
export type { SettingsInput } from './core/parse-settings.ts';
export type {
  AdaptiveConcurrency,
  AdaptiveConcurrencyStatistics,
} from './core/policies/adaptive-concurrency.ts';
export type { Bulkhead } from './core/policies/bulkhead.ts';
export { type ComposedPolicy, type Composition, compose, withPolicies } from './core/policies/compose.ts';
export type { FallbackHandling, FallbackPolicy, FallbackStatistics } from './core/policies/fallback.ts';
export {
  type AnswerOf,
  type Guarded,
  guardedBy,
  type Operation,
  type Policy,
  type PolicyCallOptions,
  type PolicyKind,
} from './core/policies/policy.ts';
export type { OnStoreFailure } from './core/policies/rate-limiter/rate-limiter.ts';
export type {
  RateLimitedCallOptions,
  RateLimiter,
  RateLimiterStatistics,
  RatePermit,
  RateRefusal,
} from './core/policies/rate-limiter/rate-limiter-types.ts';
export type { RetryPolicy, RetryResult } from './core/policies/retry.ts';
export type { RetryBudget } from './core/policies/retry-budget.ts';
export type { RetryStatistics } from './core/policies/retry-statistics.ts';
export type {
  AdaptiveConcurrencySettings,
  BulkheadSettings,
  CallSettings,
  RateLimitSettings,
  RetryBudgetSettings,
  RetrySettings,
} from './core/policies/settings.ts';
export type { SlotLineStatistics } from './core/policies/slot-line.ts';
export type { Slot } from './core/policies/slots.ts';
export type { TimeoutPolicy, TimeoutStatistics } from './core/policies/timeout.ts';
export type { Reputation } from './core/screening/reputation-check.ts';
export type { SchemaSource } from './core/screening/schema-check.ts';
export {
  type CircuitSettings,
  type ConsumerCircuitSettings,
  type ConsumerSettings,
  FAILURE_ATTRIBUTE,
  type FailureReason,
  type Priority,
  type RunTimeConfigurationSettings,
} from './core/settings.ts';
export type { MessageTrace, TraceCarrier } from './core/trace.ts';
export type { S3Record } from './core/unwrap.ts';
