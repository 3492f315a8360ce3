import { Token } from 'aws-cdk-lib';
import {
  type AdaptiveConcurrencySettings,
  CONSUMER_CALL_DEFAULTS,
  type RateLimitSettings,
  type RetrySettings,
} from '../../lambdas/core/policies/settings.ts';
import {
  type ConsumerCircuitSettings,
  type ConsumerSettings,
  DEFAULTS,
  defaultRetryUntilSeconds,
  type KillSwitchSettings,
  type RunTimeConfigurationSettings,
  type ScreeningSettings,
  type SettingsInput,
  type SourceQueueSettings,
} from '../../lambdas/core/settings.ts';

/**
 * What of the settings the runtime does not fill in by itself: they have to fit Lambda's environment. Tokens stay, but
 * for those that are what the runtime takes from another option.
 */
export function withoutDefaults(settings: ConsumerSettings): SettingsInput<ConsumerSettings> {
  const { queue, deadLetterQueue, quarantineQueue, attempts, backoff, screening, circuits, ...others } =
    settings;
  const { killSwitch, runTimeConfiguration, ...rest } = others;
  const target = { retentionSeconds: DEFAULTS.deadLetterRetentionSeconds };
  return {
    ...but(rest, {
      envelope: DEFAULTS.envelope,
      concurrency: DEFAULTS.concurrency,
      onExhausted: DEFAULTS.onExhausted,
      observability: DEFAULTS.observability,
      retryUntilSeconds: defaultRetryUntilSeconds(queue.retentionSeconds),
    }),
    queue: ofQueue(queue),
    deadLetterQueue: but(deadLetterQueue, target),
    quarantineQueue: but(quarantineQueue, target),
    ...section('attempts', but(attempts, DEFAULTS.attempts)),
    ...section('backoff', but(backoff, withCap(backoff, DEFAULTS.backoff))),
    ...section('screening', ofScreening(screening)),
    ...section('circuits', mapped(circuits, ofCircuit)),
    ...(killSwitch === false ? { killSwitch } : section('killSwitch', ofKillSwitch(killSwitch))),
    ...(runTimeConfiguration && {
      runTimeConfiguration: ofRunTimeConfiguration(runTimeConfiguration, settings),
    }),
  };
}

function ofQueue(queue: SourceQueueSettings): SettingsInput<SourceQueueSettings> {
  const { maxReceiveCount, retentionSeconds } = DEFAULTS;
  // The runtime goes by the end of the name.
  const known = !Token.isUnresolved(queue.name);
  return but(queue, {
    maxReceiveCount,
    retentionSeconds,
    ...(known && { fifo: queue.name.endsWith('.fifo') }),
  });
}

function ofScreening({ signature, ...rest }: ScreeningSettings): SettingsInput<ScreeningSettings> {
  return {
    ...but(rest, DEFAULTS.screening),
    ...(signature && { signature: but(signature, DEFAULTS.signature) }),
  };
}

function ofKillSwitch(killSwitch: KillSwitchSettings): SettingsInput<KillSwitchSettings> {
  return but(killSwitch, withLongest(killSwitch, DEFAULTS.killSwitch));
}

function ofRunTimeConfiguration(
  configuration: RunTimeConfigurationSettings,
  { consumerId }: ConsumerSettings,
): SettingsInput<RunTimeConfigurationSettings> {
  return but(configuration, { ...DEFAULTS.runTimeConfiguration, queue: consumerId });
}

function ofCircuit(circuit: ConsumerCircuitSettings): SettingsInput<ConsumerCircuitSettings> {
  const { retry, rateLimit, bulkhead, adaptiveConcurrency, ...rest } = circuit;
  const filledIn = withLongest(circuit, DEFAULTS.circuit);
  return {
    ...but(rest, { ...filledIn, localThreshold: circuit.failureThreshold }),
    ...(retry && { retry: ofRetry(retry) }),
    ...(rateLimit && { rateLimit: ofRateLimit(rateLimit) }),
    ...(bulkhead && { bulkhead: but(bulkhead, CONSUMER_CALL_DEFAULTS.bulkhead) }),
    ...(adaptiveConcurrency && { adaptiveConcurrency: ofAdaptiveConcurrency(adaptiveConcurrency) }),
  };
}

function ofRetry({ budget, ...backoff }: RetrySettings): SettingsInput<RetrySettings> {
  const { retry, retryBudget } = CONSUMER_CALL_DEFAULTS;
  return {
    ...but(backoff, withCap(backoff, retry)),
    ...(budget === false ? { budget } : section('budget', but(budget, retryBudget))),
  };
}

function ofRateLimit(rateLimit: RateLimitSettings): SettingsInput<RateLimitSettings> {
  return but(rateLimit, { ...CONSUMER_CALL_DEFAULTS.rateLimit, burst: rateLimit.limit });
}

function ofAdaptiveConcurrency(
  adaptive: AdaptiveConcurrencySettings,
): SettingsInput<AdaptiveConcurrencySettings> {
  const { adaptiveConcurrency: defaults } = CONSUMER_CALL_DEFAULTS;
  const { min } = adaptive;
  const max = Math.max(min, defaults.max);
  const initial = Math.min(adaptive.max, Math.max(min, defaults.initial));
  return but(adaptive, { ...defaults, max, initial });
}

/** The longest delay is never shorter than the first. */
function withCap<D extends { readonly capMs: number }>(own: { readonly firstDelayMs: number }, defaults: D) {
  return { ...defaults, capMs: Math.max(own.firstDelayMs, defaults.capMs) };
}

/** The longest open time is never shorter than the first. */
function withLongest<D extends { readonly maxOpenForMs: number }>(
  own: { readonly openForMs: number },
  defaults: D,
) {
  return { ...defaults, maxOpenForMs: Math.max(own.openForMs, defaults.maxOpenForMs) };
}

/** What of `given` is not what would be filled in. */
function but<T extends object>(given: T, filledIn: { readonly [K in keyof T]?: unknown }): Partial<T> {
  const kept: Partial<T> = { ...given };
  for (const key in kept) {
    if (JSON.stringify(kept[key]) === JSON.stringify(filledIn[key])) delete kept[key];
  }
  return kept;
}

/** A section of which nothing is left may be left out. */
function section<K extends string, V extends object>(name: K, value: V): { readonly [N in K]?: V } {
  const found: { [N in K]?: V } = {};
  if (Object.keys(value).length > 0) found[name] = value;
  return found;
}

function mapped<V, W>(
  values: Readonly<Record<string, V>>,
  each: (value: V) => W,
): Readonly<Record<string, W>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, each(value)]));
}
