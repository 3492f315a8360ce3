import { ConfigurationError, type ConfigurationProblem } from './errors.ts';
import {
  type AttemptSettings,
  type BackoffSettings,
  type CircuitSettings,
  type ConsumerSettings,
  DEFAULT_CIRCUIT,
  DEFAULTS,
  defaultRetryUntilSeconds,
  type EnvelopeKind,
  FAILURE_REASONS,
  JSON_POINTER,
  LIMITS,
  PATTERN_KINDS,
  type ReputationSettings,
  type ScreeningSettings,
  type SignatureSettings,
  type SourceQueueSettings,
  type SourceSettings,
  type TargetQueueSettings,
} from './settings.ts';

/** A part of {@link ConsumerSettings} in which every option that has a default may be left out. */
export type SettingsInput<T> = {
  readonly [K in keyof T]?: NonNullable<T[K]> extends readonly unknown[]
    ? T[K]
    : NonNullable<T[K]> extends object
      ? SettingsInput<NonNullable<T[K]>>
      : T[K];
};

const DAY_SECONDS = 86_400;
const DEFAULT_RETENTION_SECONDS = 4 * DAY_SECONDS;
const DLQ_RETENTION_SECONDS = 14 * DAY_SECONDS;

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
  const environment = reader.optionalText('environment');
  const serviceVersion = reader.optionalText('serviceVersion');
  const envelope = reader.oneOf('envelope', ['raw', 'sns', 'eventbridge', 's3'], DEFAULTS.envelope);
  const settings: ConsumerSettings = {
    consumerId: reader.text('consumerId'),
    ...(environment === undefined ? {} : { environment }),
    ...(serviceVersion === undefined ? {} : { serviceVersion }),
    queue,
    deadLetterQueue: targetQueue(reader.child('deadLetterQueue')),
    quarantineQueue: targetQueue(reader.child('quarantineQueue')),
    stateTable: reader.text('stateTable'),
    envelope,
    concurrency: reader.integer('concurrency', 1, 10_000, DEFAULTS.concurrency),
    attempts: attempts(reader.child('attempts', DEFAULTS.attempts)),
    backoff: backoff(reader.child('backoff', DEFAULTS.backoff)),
    retryUntilSeconds: reader.integer(
      'retryUntilSeconds',
      1,
      Math.max(1, queue.retentionSeconds - 1),
      defaultRetryUntilSeconds(queue.retentionSeconds),
    ),
    screening: screening(reader.child('screening', DEFAULTS.screening), envelope),
    circuits: circuits(reader.child('circuits', {})),
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
    retentionSeconds: reader.integer('retentionSeconds', 60, 14 * DAY_SECONDS, DEFAULT_RETENTION_SECONDS),
    maxReceiveCount: reader.integer('maxReceiveCount', 2, 1_000, DEFAULTS.maxReceiveCount),
  };
}

function targetQueue(reader: SettingsReader): TargetQueueSettings {
  const url = reader.text('url');
  return {
    url,
    name: reader.text('name', nameOf(url)),
    retentionSeconds: reader.integer('retentionSeconds', 60, 14 * DAY_SECONDS, DLQ_RETENTION_SECONDS),
  };
}

/** A queue's name is the last part of its URL; where that is missing, it is the one problem to tell. */
function nameOf(url: string): string {
  return url === '' ? 'unknown' : url.slice(url.lastIndexOf('/') + 1);
}

function attempts(reader: SettingsReader): AttemptSettings {
  const limits = reader.child('byReason', DEFAULTS.attempts.byReason);
  return {
    max: reader.integer('max', 1, 100, DEFAULTS.attempts.max),
    byReason: Object.fromEntries(
      limits.keys().map((reason) => {
        if (!FAILURE_REASONS.some((known) => known === reason)) {
          limits.problem(reason, `must be one of ${FAILURE_REASONS.join(', ')}`, reason);
        }
        return [reason, limits.integer(reason, 1, 100)];
      }),
    ),
  };
}

function backoff(reader: SettingsReader): BackoffSettings {
  const longest = LIMITS.maxVisibilitySeconds * 1_000;
  const firstDelayMs = reader.number('firstDelayMs', 0, longest, DEFAULTS.backoff.firstDelayMs);
  return {
    kind: reader.oneOf('kind', ['fixed', 'exponential', 'full-jitter'], DEFAULTS.backoff.kind),
    firstDelayMs,
    capMs: reader.number('capMs', firstDelayMs, longest, Math.max(firstDelayMs, DEFAULTS.backoff.capMs)),
    base: reader.number('base', 1, 10, DEFAULTS.backoff.base),
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
      : reader.integer('maxBytes', 1, LIMITS.maxMessageBytes, DEFAULTS.screening.maxBytes),
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
    minimumScore: reader.number('minimumScore', 0, 100, Number.NaN),
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

function circuits(reader: SettingsReader): Record<string, CircuitSettings> {
  const names = reader.keys();
  const all = names.length === 0 ? [DEFAULT_CIRCUIT] : names;
  return Object.fromEntries(all.map((name) => [name, circuit(reader.child(name, DEFAULTS.circuit))]));
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
  const longest = DAY_SECONDS * 1_000;
  const openForMs = reader.number('openForMs', 1, longest, defaults.openForMs);
  const failureThreshold = reader.integer('failureThreshold', 1, 10_000, defaults.failureThreshold);
  return {
    failureThreshold,
    failureRatio: reader.number('failureRatio', 0.01, 1, defaults.failureRatio),
    minReporters: reader.integer('minReporters', 1, 1_000, defaults.minReporters),
    localThreshold: reader.integer('localThreshold', 1, 10_000, failureThreshold),
    successThreshold: reader.integer('successThreshold', 1, 1_000, defaults.successThreshold),
    openForMs,
    maxOpenForMs: reader.number(
      'maxOpenForMs',
      openForMs,
      longest,
      Math.max(openForMs, defaults.maxOpenForMs),
    ),
    windowMs: reader.number('windowMs', 1, longest, defaults.windowMs),
    ...(reader.has('slowCallMs') ? { slowCallMs: reader.number('slowCallMs', 1, longest, longest) } : {}),
    probeTimeoutMs: reader.number('probeTimeoutMs', 1, longest, defaults.probeTimeoutMs),
    cacheForMs: reader.number('cacheForMs', 1, 60_000, defaults.cacheForMs),
  };
}

/** Reads options one by one and collects everything that is wrong with them. */
class SettingsReader {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: ConfigurationProblem[];
  readonly #readers: SettingsReader[];
  readonly #known = new Set<string>();

  constructor(
    value: unknown,
    path = '',
    problems: ConfigurationProblem[] = [],
    readers: SettingsReader[] = [],
  ) {
    this.#path = path;
    this.#problems = problems;
    this.#readers = readers;
    readers.push(this);
    const usable = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!usable) problems.push({ option: path || 'settings', rule: 'must be an object', value });
    this.#value = usable ? Object.fromEntries(Object.entries(value)) : {};
  }

  child(name: string, fallback?: object): SettingsReader {
    return new SettingsReader(
      this.#read(name) ?? fallback,
      this.#pathOf(name),
      this.#problems,
      this.#readers,
    );
  }

  has(name: string): boolean {
    return this.#read(name) !== undefined;
  }

  isFalse(name: string): boolean {
    return this.#read(name) === false;
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  problem(name: string, rule: string, value: unknown): void {
    this.#problems.push({ option: this.#pathOf(name), rule, value });
  }

  text(name: string, fallback?: string): string {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    this.problem(name, 'must be a text that is not empty', value);
    return '';
  }

  anyText(name: string, fallback: string): string {
    const value = this.#read(name) ?? fallback;
    return value === '' ? '' : this.text(name, fallback);
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    this.problem(name, 'must be true or false', value);
    return fallback;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.#read(name) ?? fallback;
    const found = allowed.find((each) => each === value);
    if (found === undefined) this.problem(name, `must be one of ${allowed.join(', ')}`, value);
    return found ?? fallback;
  }

  texts(name: string): readonly string[] {
    const value = this.#read(name);
    if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string'))
      return value;
    this.problem(name, 'must be a list of texts that is not empty', value);
    return [];
  }

  someOf<T extends string>(name: string, allowed: readonly T[]): readonly T[] {
    const wanted = this.texts(name);
    const found = allowed.filter((each) => wanted.includes(each));
    const known: readonly string[] = allowed;
    const unknown = wanted.find((each) => !known.includes(each));
    if (unknown !== undefined) this.problem(name, `must be some of ${allowed.join(', ')}`, unknown);
    return found;
  }

  integer(name: string, least: number, most: number, fallback?: number): number {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.problem(name, `must be an integer from ${least} to ${most}`, value);
    return least;
  }

  number(name: string, least: number, most: number, fallback: number): number {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return value;
    this.problem(name, `must be a number from ${least} to ${most}`, value);
    return least;
  }

  /** Report everything, options that nobody asked for included: they are misspelt. */
  finish(subject: string): void {
    for (const reader of this.#readers) reader.#reportUnknown();
    if (this.#problems.length > 0) throw new ConfigurationError(subject, this.#problems);
  }

  #read(name: string): unknown {
    this.#known.add(name);
    return this.#value[name];
  }

  #reportUnknown(): void {
    for (const name of this.keys()) {
      if (!this.#known.has(name)) this.problem(name, 'is not a known option', this.#value[name]);
    }
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}
