import {
  type BackoffSettings,
  type ConsumerCircuitSettings,
  type ConsumerSettings,
  DEFAULTS,
  defaultRetryUntilSeconds,
  type KillSwitchSettings,
  PATTERN_KINDS,
  type ScreeningSettings,
  type SignatureSettings,
} from '../../lambdas/core/settings.ts';
import type { Backoff } from '../backoff.ts';
import type { CircuitProps } from '../circuits.ts';
import type { KillSwitchProps } from '../kill-switch.ts';
import type { ResilientConsumerProps } from '../resilient-consumer-props.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import type { ScreeningProps, SignatureProps } from '../screening.ts';
import { callSettings, millis } from './call-settings.ts';
import { millisOf, secondsOf } from './problems.ts';
import { DEFAULT_RETENTION_SECONDS, literal } from './queue-facts.ts';

/** What the settings are made of beside the consumer's properties. */
export interface SettingsSources {
  readonly consumerId: string;
  readonly queue: ResilientQueue;
  readonly stateTableName: string;
  /** Visibility timeout that the queue will have at least. */
  readonly visibilitySeconds: number;
  /** Queue of the intake controller, if the consumer has one. */
  readonly controlQueueUrl?: string;
}

/** The settings of a consumer, defaults filled in. They may hold tokens. */
export function consumerSettings(props: ResilientConsumerProps, sources: SettingsSources): ConsumerSettings {
  const { queue, consumerId, stateTableName, visibilitySeconds, controlQueueUrl } = sources;
  const { facts } = queue;
  const { idempotencyScope, environmentName, serviceVersion } = props;
  const retention = literal(facts.retention) ?? DEFAULT_RETENTION_SECONDS;
  return {
    consumerId,
    ...(idempotencyScope !== undefined && { idempotencyScope }),
    ...(environmentName !== undefined && { environment: environmentName }),
    ...(serviceVersion !== undefined && { serviceVersion }),
    queue: {
      url: queue.queueUrl,
      name: facts.name,
      fifo: queue.fifo,
      retentionSeconds: facts.retention.value,
      maxReceiveCount: facts.maxReceiveCount.value,
    },
    deadLetterQueue: {
      url: queue.deadLetterQueue.queueUrl,
      name: facts.deadLetterName,
      retentionSeconds: facts.deadLetterRetention.value,
    },
    quarantineQueue: {
      url: queue.quarantineQueue.queueUrl,
      name: facts.quarantineName,
      retentionSeconds: facts.quarantineRetention.value,
    },
    stateTable: stateTableName,
    envelope: props.envelope ?? DEFAULTS.envelope,
    concurrency: props.concurrency ?? DEFAULTS.concurrency,
    attempts: {
      max: props.attempts?.max ?? DEFAULTS.attempts.max,
      byReason: props.attempts?.byReason ?? DEFAULTS.attempts.byReason,
    },
    backoff: props.backoff === undefined ? DEFAULTS.backoff : backoffSettings(props.backoff),
    retryUntilSeconds: retryUntilSeconds(props, retention, visibilitySeconds),
    screening: screeningSettings(props.screening ?? {}),
    circuits: Object.fromEntries(
      Object.entries(props.circuits ?? {}).map(([name, circuit]) => [name, circuitSettings(circuit)]),
    ),
    killSwitch: props.killSwitch === false ? false : killSwitchSettings(props.killSwitch ?? {}),
    onExhausted: props.onExhausted ?? DEFAULTS.onExhausted,
    observability: props.observability ?? DEFAULTS.observability,
    ...(props.tracing && { tracing: true }),
    ...(controlQueueUrl !== undefined && { controlQueueUrl }),
    ...(props.runtimeConfig !== undefined && {
      runTimeConfiguration: props.runtimeConfig.settingsFor(consumerId),
    }),
  };
}

/** By default the runtime's own, with room for a crash at the end, which hides a message for the visibility timeout. */
function retryUntilSeconds(
  { retryUntil }: ResilientConsumerProps,
  retentionSeconds: number,
  visibilitySeconds: number,
): number {
  if (retryUntil !== undefined) return secondsOf(retryUntil) ?? retryUntil.toSeconds();
  const usual = defaultRetryUntilSeconds(retentionSeconds);
  const room = retentionSeconds - visibilitySeconds;
  return room > 0 ? Math.min(usual, room) : usual;
}

function backoffSettings(backoff: Backoff): BackoffSettings {
  const { kind, firstDelay, cap, base } = backoff;
  return {
    kind,
    firstDelayMs: millisOf(firstDelay) ?? firstDelay.toMilliseconds(),
    capMs: millisOf(cap) ?? cap.toMilliseconds(),
    base,
  };
}

function screeningSettings(screening: ScreeningProps): ScreeningSettings {
  const {
    maxSize,
    signature,
    requiredFields,
    deniedSources,
    suspiciousPatterns = false,
    reputation,
  } = screening;
  const kinds = suspiciousPatterns === true ? PATTERN_KINDS : suspiciousPatterns;
  return {
    maxBytes:
      maxSize === undefined ? DEFAULTS.screening.maxBytes : maxSize === false ? false : maxSize.toBytes(),
    json: screening.json ?? DEFAULTS.screening.json,
    ...(signature !== undefined && { signature: signatureSettings(signature) }),
    ...(requiredFields !== undefined && { requiredFields }),
    ...(deniedSources !== undefined && { deniedSources }),
    ...(kinds !== false && { suspiciousPatterns: kinds }),
    ...(reputation !== undefined && { reputation }),
  };
}

function signatureSettings(signature: SignatureProps): SignatureSettings {
  const { secret } = signature;
  return {
    secretId: secret.secretFullArn ?? secret.secretName,
    attribute: signature.attribute,
    prefix: signature.prefix ?? DEFAULTS.signature.prefix,
    algorithm: signature.algorithm ?? DEFAULTS.signature.algorithm,
    acceptPrevious: signature.acceptPrevious ?? DEFAULTS.signature.acceptPrevious,
  };
}

function circuitSettings(circuit: CircuitProps): ConsumerCircuitSettings {
  const { circuit: defaults } = DEFAULTS;
  const openForMs = millis(circuit.openFor, defaults.openForMs);
  const failureThreshold = circuit.failureThreshold ?? defaults.failureThreshold;
  const { slowCallThreshold } = circuit;
  return {
    failureThreshold,
    failureRatio: circuit.failureRatio ?? defaults.failureRatio,
    minReporters: circuit.minReporters ?? defaults.minReporters,
    localThreshold: circuit.localThreshold ?? failureThreshold,
    successThreshold: circuit.successThreshold ?? defaults.successThreshold,
    openForMs,
    maxOpenForMs: millis(circuit.maxOpenFor, Math.max(defaults.maxOpenForMs, openForMs)),
    windowMs: millis(circuit.window, defaults.windowMs),
    ...(slowCallThreshold !== undefined && { slowCallMs: millis(slowCallThreshold, 0) }),
    probeTimeoutMs: defaults.probeTimeoutMs,
    cacheForMs: millis(circuit.cacheFor, defaults.cacheForMs),
    ...callSettings(circuit),
  };
}

function killSwitchSettings(killSwitch: KillSwitchProps): KillSwitchSettings {
  const { killSwitch: defaults } = DEFAULTS;
  const openForMs = millis(killSwitch.openFor, defaults.openForMs);
  return {
    minMessages: killSwitch.minMessages ?? defaults.minMessages,
    share: killSwitch.share ?? defaults.share,
    windowMs: millis(killSwitch.window, defaults.windowMs),
    openForMs,
    maxOpenForMs: millis(killSwitch.maxOpenFor, Math.max(defaults.maxOpenForMs, openForMs)),
  };
}
