import { Duration, Size } from 'aws-cdk-lib';
import {
  type CircuitContent,
  presetOf,
  type QueueContent,
  type RetryProfileContent,
} from '../../lambdas/core/configuration/language.ts';
import { Backoff } from '../backoff.ts';
import type {
  AdaptiveConcurrencyProps,
  BulkheadProps,
  CallRetryProps,
  RateLimitProps,
} from '../call-policies.ts';
import type { CircuitProps } from '../circuits.ts';
import type { KillSwitchProps } from '../kill-switch.ts';
import type { ResilienceAlarmsOptions } from '../monitoring/alarm-options.ts';
import type { ResilientConsumerProps } from '../resilient-consumer-props.ts';
import type { ResilientQueueProps } from '../resilient-queue-props.ts';
import type { ScreeningProps, SourceProps } from '../screening.ts';

type Profiles = Readonly<Record<string, RetryProfileContent>>;

/** The part of a consumer's properties that a configuration file sets. */
export type ConfiguredConsumerProps = Pick<
  ResilientConsumerProps,
  | 'batchSize'
  | 'maxBatchingWindow'
  | 'maxConcurrency'
  | 'concurrency'
  | 'attempts'
  | 'backoff'
  | 'retryUntil'
  | 'envelope'
  | 'screening'
  | 'circuits'
  | 'killSwitch'
  | 'onExhausted'
  | 'observability'
  | 'alarms'
>;

/** A queue of a file as properties of the queue. */
export function queueProps(queue: QueueContent): ResilientQueueProps {
  return given({
    queueName: queue.queueName,
    fifo: queue.fifo,
    retentionPeriod: duration(queue.retention),
    visibilityTimeout: duration(queue.visibilityTimeout),
    deliveryDelay: duration(queue.deliveryDelay),
    maxReceiveCount: queue.maxReceiveCount,
    deadLetterRetentionPeriod: duration(queue.deadLetterQueue?.retention),
    quarantineRetentionPeriod: duration(queue.quarantineQueue?.retention),
  });
}

/** A queue of a file as properties of its consumer. */
export function consumerProps(
  queue: QueueContent,
  circuits: Readonly<Record<string, CircuitContent>>,
  profiles: Profiles,
): ConfiguredConsumerProps {
  const profile = queue.retry === undefined ? undefined : profiles[queue.retry];
  const attempts = given({
    max: queue.attempts?.max ?? profile?.attempts,
    byReason: queue.attempts?.byReason,
  });
  const own = queue.circuits?.map((name) => [name, circuitProps(circuits[name] ?? {}, profiles)] as const);
  return given({
    batchSize: queue.batchSize,
    maxBatchingWindow: duration(queue.maxBatchingWindow),
    maxConcurrency: queue.maxConcurrency,
    concurrency: queue.concurrency,
    attempts: Object.keys(attempts).length === 0 ? undefined : attempts,
    backoff: profile === undefined ? undefined : backoff(profile),
    retryUntil: duration(queue.retryUntil),
    envelope: queue.envelope,
    screening: queue.screening === undefined ? undefined : screeningProps(queue.screening),
    circuits: own === undefined ? undefined : Object.fromEntries(own),
    killSwitch: killSwitchProps(queue.killSwitch),
    onExhausted: queue.onExhausted,
    observability: queue.observability,
    alarms: alarmOptions(queue.alarms),
  });
}

/** A circuit of a file as properties. */
export function circuitProps(circuit: CircuitContent, profiles: Profiles): CircuitProps {
  const { failureThreshold, successThreshold, openFor } = { ...presetOf(circuit), ...circuit };
  const { rateLimit, bulkhead, adaptiveConcurrency, retry } = circuit;
  const profile = retry === undefined ? undefined : profiles[retry];
  return given({
    failureThreshold,
    failureRatio: circuit.failureRatio,
    minReporters: circuit.minReporters,
    localThreshold: circuit.localThreshold,
    successThreshold,
    openFor: duration(openFor),
    maxOpenFor: duration(circuit.maxOpenFor),
    window: duration(circuit.window),
    slowCallThreshold: duration(circuit.slowCallThreshold),
    cacheFor: duration(circuit.cacheFor),
    timeout: duration(circuit.timeout),
    totalTimeout: duration(circuit.totalTimeout),
    retry: profile === undefined ? undefined : retryProps(profile),
    rateLimit: rateLimit === undefined ? undefined : rateLimitProps(rateLimit),
    bulkhead: bulkhead === undefined ? undefined : bulkheadProps(bulkhead),
    adaptiveConcurrency: adaptiveConcurrency === undefined ? undefined : adaptiveProps(adaptiveConcurrency),
  });
}

/** A retry profile of a file as properties of calls. */
export function retryProps(profile: RetryProfileContent): CallRetryProps {
  const { attempts, strategy, firstDelay, cap, base, budget } = profile;
  return given({
    attempts,
    strategy,
    firstDelay: duration(firstDelay),
    cap: duration(cap),
    base,
    budget,
  });
}

/** A retry profile of a file as the back-off of messages. */
export function backoff(profile: RetryProfileContent): Backoff {
  const { strategy = 'full-jitter', firstDelay, cap, base } = profile;
  const props = given({ firstDelay: duration(firstDelay), cap: duration(cap), base });
  if (strategy === 'exponential') return Backoff.exponential(props);
  const jittered = Backoff.fullJitter(props);
  return strategy === 'fixed' ? Backoff.fixed(jittered.firstDelay) : jittered;
}

type SectionOf<K extends keyof CircuitContent> = NonNullable<CircuitContent[K]>;

// Files are read only where nothing that is required is left out, so what stands in for it is never used.
function rateLimitProps({
  limit = Number.NaN,
  per = 0,
  burst,
  shards,
  maxWait,
}: SectionOf<'rateLimit'>): RateLimitProps {
  return { limit, per: Duration.millis(per), ...given({ burst, shards, maxWait: duration(maxWait) }) };
}

function bulkheadProps({
  maxConcurrent = Number.NaN,
  maxQueued,
  maxWait,
}: SectionOf<'bulkhead'>): BulkheadProps {
  return { maxConcurrent, ...given({ maxQueued, maxWait: duration(maxWait) }) };
}

function adaptiveProps(adaptive: SectionOf<'adaptiveConcurrency'>): AdaptiveConcurrencyProps {
  const { latency, maxWait, ...numbers } = adaptive;
  return given({ ...numbers, latency: duration(latency), maxWait: duration(maxWait) });
}

function screeningProps(screening: NonNullable<QueueContent['screening']>): ScreeningProps {
  const { maxSize, json, requiredFields, suspiciousPatterns, deniedSources, reputation } = screening;
  return given({
    maxSize: maxSize === undefined || maxSize === false ? maxSize : Size.bytes(maxSize),
    json,
    requiredFields: requiredFields === false ? undefined : requiredFields,
    suspiciousPatterns,
    deniedSources: deniedSources === undefined || deniedSources === false ? undefined : source(deniedSources),
    reputation:
      reputation === undefined || reputation === false
        ? undefined
        : { source: source(reputation), minimumScore: reputation.minimumScore ?? Number.NaN },
  });
}

function source({ attribute = '', pointer }: { attribute?: string; pointer?: string }): SourceProps {
  return pointer === undefined ? { attribute } : { pointer };
}

function killSwitchProps(content: QueueContent['killSwitch']): KillSwitchProps | false | undefined {
  if (content === undefined || content === false) return content;
  const { minMessages, share, window, openFor, maxOpenFor } = content;
  const times = { window: duration(window), openFor: duration(openFor), maxOpenFor: duration(maxOpenFor) };
  return given({ minMessages, share, ...times });
}

function alarmOptions(content: QueueContent['alarms']): ResilienceAlarmsOptions | false | undefined {
  if (content === undefined || content === false) return content;
  const { queueAge, closeToExpiry, circuitHalfOpenFor, intakePausedFor, recoveryGrace, ...thresholds } =
    content;
  const time = (ms: number | false | undefined) => (ms === false ? ms : duration(ms));
  return given({
    ...thresholds,
    queueAge: time(queueAge),
    closeToExpiry: time(closeToExpiry),
    circuitHalfOpenFor: time(circuitHalfOpenFor),
    intakePausedFor: time(intakePausedFor),
    recoveryGrace: time(recoveryGrace),
  });
}

function duration(ms: number | undefined): Duration | undefined {
  return ms === undefined ? undefined : Duration.millis(ms);
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** An object without what is undefined in it: a property that is given as undefined is none. */
function given<T extends object>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;
}
