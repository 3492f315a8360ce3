import { readBackoff } from './backoff.ts';
import { OBSERVABILITY_LEVELS } from './metric-names.ts';
import { readCalls } from './policies/parse-settings.ts';
import { RANGES } from './ranges.ts';
import {
  type AttemptSettings,
  type CircuitSettings,
  type ConsumerCircuitSettings,
  type ConsumerSettings,
  DEFAULT_CIRCUIT,
  DEFAULTS,
  defaultRetryUntilSeconds,
  type EnvelopeKind,
  FAILURE_REASONS,
  INTAKE_CIRCUIT,
  JSON_POINTER,
  type KillSwitchSettings,
  ON_EXHAUSTED,
  type OnExhausted,
  PATTERN_KINDS,
  type ReputationSettings,
  type RunTimeConfigurationSettings,
  type ScreeningSettings,
  type SignatureSettings,
  type SourceQueueSettings,
  type SourceSettings,
  type TargetQueueSettings,
} from './settings.ts';
import { SettingsReader } from './settings-reader.ts';

export type { SettingsInput } from './settings.ts';

/**
 * Check the settings of a consumer and fill in the defaults.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const settings = parseConsumerSettings(JSON.parse(process.env.SPILLWAY_SETTINGS ?? '{}'));
 */
export function parseConsumerSettings(input: unknown): ConsumerSettings {
  const reader = new SettingsReader(input);
  const queue = sourceQueue(reader.child('queue'));
  const idempotencyScope = reader.optionalText('idempotencyScope');
  const consumerId = reader.text('consumerId');
  const environment = reader.optionalText('environment');
  const serviceVersion = reader.optionalText('serviceVersion');
  const controlQueueUrl = reader.optionalText('controlQueueUrl');
  const envelope = reader.oneOf('envelope', ['raw', 'sns', 'eventbridge', 's3'], DEFAULTS.envelope);
  const settings: ConsumerSettings = {
    consumerId,
    ...(idempotencyScope === undefined ? {} : { idempotencyScope }),
    ...(environment === undefined ? {} : { environment }),
    ...(serviceVersion === undefined ? {} : { serviceVersion }),
    queue,
    deadLetterQueue: targetQueue(reader.child('deadLetterQueue')),
    quarantineQueue: targetQueue(reader.child('quarantineQueue')),
    stateTable: reader.text('stateTable'),
    envelope,
    concurrency: reader.integerIn('concurrency', RANGES.concurrency, DEFAULTS.concurrency),
    attempts: attempts(reader.child('attempts', DEFAULTS.attempts)),
    backoff: readBackoff(
      reader.child('backoff', DEFAULTS.backoff),
      DEFAULTS.backoff,
      RANGES.messageDelay.max,
    ),
    retryUntilSeconds: reader.integer(
      'retryUntilSeconds',
      1,
      Math.max(1, queue.retentionSeconds - 1),
      defaultRetryUntilSeconds(queue.retentionSeconds),
    ),
    screening: screening(reader.child('screening', DEFAULTS.screening), envelope),
    circuits: circuits(reader.child('circuits', {})),
    killSwitch: reader.isFalse('killSwitch')
      ? false
      : killSwitch(reader.child('killSwitch', DEFAULTS.killSwitch)),
    onExhausted: onExhausted(reader, queue),
    observability: reader.oneOf('observability', OBSERVABILITY_LEVELS, DEFAULTS.observability),
    ...(reader.flag('tracing', false) && { tracing: true }),
    ...(controlQueueUrl === undefined ? {} : { controlQueueUrl }),
    ...(reader.has('runTimeConfiguration')
      ? { runTimeConfiguration: runTimeConfiguration(reader.child('runTimeConfiguration'), consumerId) }
      : {}),
  };
  reader.finish('the consumer settings');
  return settings;
}

function sourceQueue(reader: SettingsReader): SourceQueueSettings {
  const url = reader.text('url');
  const name = reader.text('name', nameOf(url));
  return {
    url,
    name,
    fifo: reader.flag('fifo', name.endsWith('.fifo')),
    retentionSeconds: reader.integerIn(
      'retentionSeconds',
      RANGES.retentionSeconds,
      DEFAULTS.retentionSeconds,
    ),
    maxReceiveCount: reader.integerIn('maxReceiveCount', RANGES.maxReceiveCount, DEFAULTS.maxReceiveCount),
  };
}

function targetQueue(reader: SettingsReader): TargetQueueSettings {
  const url = reader.text('url');
  return {
    url,
    name: reader.text('name', nameOf(url)),
    retentionSeconds: reader.integerIn(
      'retentionSeconds',
      RANGES.retentionSeconds,
      DEFAULTS.deadLetterRetentionSeconds,
    ),
  };
}

/** A queue's name is the last part of its URL; where that is missing, it is the one problem to tell. */
function nameOf(url: string): string {
  return url === '' ? 'unknown' : url.slice(url.lastIndexOf('/') + 1);
}

function attempts(reader: SettingsReader): AttemptSettings {
  const limits = reader.child('byReason', DEFAULTS.attempts.byReason);
  return {
    max: reader.integerIn('max', RANGES.attempts, DEFAULTS.attempts.max),
    byReason: Object.fromEntries(
      limits.keys().map((reason) => {
        if (!FAILURE_REASONS.some((known) => known === reason)) {
          limits.problem(reason, `must be one of ${FAILURE_REASONS.join(', ')}`, reason);
        }
        return [reason, limits.integerIn(reason, RANGES.attempts)];
      }),
    ),
  };
}

function screening(reader: SettingsReader, envelope: EnvelopeKind): ScreeningSettings {
  const signed = reader.has('signature') ? { signature: signature(reader.child('signature')) } : {};
  if (signed.signature !== undefined && (envelope === 'eventbridge' || envelope === 's3')) {
    reader.problem(
      'signature',
      'must be left out with the envelopes eventbridge and s3: nobody signs those',
      envelope,
    );
  }
  const json = reader.flag('json', DEFAULTS.screening.json);
  return {
    maxBytes: reader.isFalse('maxBytes')
      ? false
      : reader.integerIn('maxBytes', RANGES.bodyBytes, DEFAULTS.screening.maxBytes),
    json,
    ...signed,
    ...(reader.has('requiredFields') ? { requiredFields: requiredFields(reader, json) } : {}),
    ...(reader.has('deniedSources') ? { deniedSources: source(reader.child('deniedSources'), json) } : {}),
    ...(reader.has('suspiciousPatterns')
      ? { suspiciousPatterns: reader.someOf('suspiciousPatterns', PATTERN_KINDS) }
      : {}),
    ...(reader.has('reputation') ? { reputation: reputation(reader.child('reputation'), json) } : {}),
  };
}

function requiredFields(reader: SettingsReader, json: boolean): readonly string[] {
  const fields = reader.texts('requiredFields');
  const rule = 'must be JSON pointers, such as /customer/id';
  if (!fields.every((field) => JSON_POINTER.test(field))) reader.problem('requiredFields', rule, fields);
  if (!json) reader.problem('requiredFields', 'needs json to be on: text has no fields', json);
  return fields;
}

function source(reader: SettingsReader, json: boolean): SourceSettings {
  const attribute = reader.optionalText('attribute');
  const pointer = reader.optionalText('pointer');
  if ((attribute === undefined) === (pointer === undefined)) {
    reader.problem('attribute', 'must be given, or pointer, but not both', attribute);
  }
  if (pointer === undefined) return { attribute: attribute ?? '' };
  if (!JSON_POINTER.test(pointer))
    reader.problem('pointer', 'must be a JSON pointer, such as /sender/id', pointer);
  if (!json) reader.problem('pointer', 'needs json to be on: text has no fields', json);
  return { pointer };
}

function reputation(reader: SettingsReader, json: boolean): ReputationSettings {
  return {
    source: source(reader.child('source'), json),
    minimumScore: reader.numberIn('minimumScore', RANGES.score, Number.NaN),
  };
}

function signature(reader: SettingsReader): SignatureSettings {
  return {
    secretId: reader.text('secretId'),
    attribute: reader.text('attribute'),
    prefix: reader.anyText('prefix', DEFAULTS.signature.prefix),
    algorithm: reader.oneOf('algorithm', ['sha256', 'sha512'], DEFAULTS.signature.algorithm),
    acceptPrevious: reader.flag('acceptPrevious', DEFAULTS.signature.acceptPrevious),
  };
}

function circuits(reader: SettingsReader): Record<string, ConsumerCircuitSettings> {
  const names = reader.keys();
  if (names.includes(INTAKE_CIRCUIT)) {
    reader.problem(INTAKE_CIRCUIT, 'must have another name: it is that of the intake', INTAKE_CIRCUIT);
  }
  const all = names.length === 0 ? [DEFAULT_CIRCUIT] : names;
  return Object.fromEntries(
    all.map((name) => {
      const own = reader.child(name, DEFAULTS.circuit);
      return [name, { ...circuit(own), ...readCalls(own) }];
    }),
  );
}

function killSwitch(reader: SettingsReader): KillSwitchSettings {
  const { killSwitch: defaults } = DEFAULTS;
  const { max: longest } = RANGES.time;
  const openForMs = reader.numberIn('openForMs', RANGES.time, defaults.openForMs);
  const longestHold = Math.max(openForMs, defaults.maxOpenForMs);
  return {
    minMessages: reader.integerIn('minMessages', RANGES.faultyMessages, defaults.minMessages),
    share: reader.numberIn('share', RANGES.share, defaults.share),
    windowMs: reader.numberIn('windowMs', RANGES.time, defaults.windowMs),
    openForMs,
    maxOpenForMs: reader.number('maxOpenForMs', openForMs, longest, longestHold),
  };
}

function runTimeConfiguration(reader: SettingsReader, consumerId: string): RunTimeConfigurationSettings {
  const { refreshSeconds } = DEFAULTS.runTimeConfiguration;
  const common = {
    queue: reader.text('queue', consumerId),
    refreshSeconds: reader.integerIn('refreshSeconds', RANGES.refreshSeconds, refreshSeconds),
  };
  const kind = reader.oneOf('kind', ['parameter', 'app-config'], 'parameter');
  if (kind === 'parameter') return { ...common, kind, parameter: reader.text('parameter') };
  const [application, environment, profile] = [
    reader.text('application'),
    reader.text('environment'),
    reader.text('profile'),
  ];
  return { ...common, kind, application, environment, profile };
}

function onExhausted(reader: SettingsReader, { fifo }: SourceQueueSettings): OnExhausted {
  const wanted = reader.oneOf('onExhausted', ON_EXHAUSTED, DEFAULTS.onExhausted);
  if (wanted === 'halt' && !fifo)
    reader.problem(
      'onExhausted',
      'must be dead-letter for a standard queue: it has no order to keep',
      wanted,
    );
  return wanted;
}

/**
 * Settings of one circuit, with defaults for what is left out.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 */
export function parseCircuitSettings(input: Partial<CircuitSettings>, subject: string): CircuitSettings {
  const reader = new SettingsReader(input);
  const settings = circuit(reader);
  reader.finish(subject);
  return settings;
}

function circuit(reader: SettingsReader): CircuitSettings {
  const { circuit: defaults } = DEFAULTS;
  const { max: longest } = RANGES.time;
  const openForMs = reader.numberIn('openForMs', RANGES.time, defaults.openForMs);
  const failureThreshold = reader.integerIn('failureThreshold', RANGES.failures, defaults.failureThreshold);
  return {
    failureThreshold,
    failureRatio: reader.numberIn('failureRatio', RANGES.share, defaults.failureRatio),
    minReporters: reader.integerIn('minReporters', RANGES.reporters, defaults.minReporters),
    localThreshold: reader.integerIn('localThreshold', RANGES.failures, failureThreshold),
    successThreshold: reader.integerIn('successThreshold', RANGES.successes, defaults.successThreshold),
    openForMs,
    maxOpenForMs: reader.number(
      'maxOpenForMs',
      openForMs,
      longest,
      Math.max(openForMs, defaults.maxOpenForMs),
    ),
    windowMs: reader.numberIn('windowMs', RANGES.time, defaults.windowMs),
    ...(reader.has('slowCallMs') ? { slowCallMs: reader.numberIn('slowCallMs', RANGES.time, longest) } : {}),
    probeTimeoutMs: reader.numberIn('probeTimeoutMs', RANGES.time, defaults.probeTimeoutMs),
    cacheForMs: reader.numberIn('cacheForMs', RANGES.cacheFor, defaults.cacheForMs),
  };
}
