import { ConfigurationError, type ConfigurationProblem } from '../errors.ts';
import { RANGES } from '../ranges.ts';
import { SettingsReader } from '../settings-reader.ts';
import type { OwnCheck } from './own-check.ts';
import {
  HEALTH_DEFAULTS,
  HEALTH_RANGES,
  type HealthKind,
  type HealthLimits,
  type HealthSettings,
  type HealthThresholds,
  type WatchedConsumer,
} from './settings.ts';

/**
 * Check the settings of a health check and fill in the defaults.
 *
 * @throws {ConfigurationError} naming every setting that breaks its rule
 */
export function parseHealthSettings(input: unknown): HealthSettings {
  const reader = new SettingsReader(input);
  const consumers = reader.has('consumers') ? reader.children('consumers').map(consumer) : [];
  const ids = consumers.map(({ consumerId }) => consumerId);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) reader.problem('consumers', 'must have ids that differ', twice);
  const stateTable =
    consumers.length > 0 || reader.has('stateTable') ? { stateTable: reader.text('stateTable') } : {};
  const settings: HealthSettings = {
    ...stateTable,
    consumers,
    critical: criticalOf(reader.child('critical', {})),
    thresholds: thresholds(reader.child('thresholds', {})),
    cacheForMs: reader.integerIn('cacheForMs', HEALTH_RANGES.cacheForMs, HEALTH_DEFAULTS.cacheForMs),
    apiCacheForMs: reader.integerIn(
      'apiCacheForMs',
      HEALTH_RANGES.apiCacheForMs,
      HEALTH_DEFAULTS.apiCacheForMs,
    ),
    timeoutMs: reader.integerIn('timeoutMs', HEALTH_RANGES.timeoutMs, HEALTH_DEFAULTS.timeoutMs),
    details: reader.flag('details', HEALTH_DEFAULTS.details),
  };
  reader.finish('the health check settings');
  return settings;
}

/**
 * Check what was given as checks of one's own.
 *
 * @throws {ConfigurationError} naming everything that breaks its rule
 */
export function checkOwnChecks(
  checks: Readonly<Record<string, OwnCheck>>,
  { timeoutMs: most }: Pick<HealthSettings, 'timeoutMs'>,
): void {
  const problems: ConfigurationProblem[] = [];
  for (const [name, { check, critical, timeoutMs }] of Object.entries(checks)) {
    const need = (option: string, value: unknown, holds: boolean, rule: string): void => {
      if (!holds) problems.push({ option: `checks.${name}${option}`, rule, value });
    };
    const taken = name.includes('/') || name === 'state-table';
    need('', name, name !== '' && !taken, "must have a name without '/', and not be called state-table");
    need('.check', check, typeof check === 'function', 'must be a function');
    need(
      '.critical',
      critical,
      critical === undefined || typeof critical === 'boolean',
      'must be true or false',
    );
    const inTime =
      timeoutMs === undefined || (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= most);
    need(
      '.timeoutMs',
      timeoutMs,
      inTime,
      `must be an integer from 1 to ${most}, the timeoutMs of the health check`,
    );
  }
  if (problems.length > 0) throw new ConfigurationError('healthCheck', problems);
}

function criticalOf(reader: SettingsReader): HealthSettings['critical'] {
  const { critical: defaults } = HEALTH_DEFAULTS;
  const flag = (kind: HealthKind): boolean => reader.flag(kind, defaults[kind]);
  return {
    stateTable: flag('stateTable'),
    circuits: flag('circuits'),
    queueAge: flag('queueAge'),
    deadLetters: flag('deadLetters'),
    quarantine: flag('quarantine'),
    eventSource: flag('eventSource'),
    intake: flag('intake'),
  };
}

function consumer(reader: SettingsReader): WatchedConsumer {
  const retentionSeconds = reader.integerIn('retentionSeconds', RANGES.retentionSeconds);
  return {
    consumerId: reader.text('consumerId'),
    queue: reader.text('queue'),
    deadLetterQueue: reader.text('deadLetterQueue'),
    quarantineQueue: reader.text('quarantineQueue'),
    mappingId: reader.text('mappingId'),
    circuits: reader.texts('circuits'),
    retryUntilSeconds: reader.integer('retryUntilSeconds', 1, retentionSeconds),
    retentionSeconds,
  };
}

function thresholds(reader: SettingsReader): HealthThresholds {
  const { thresholds: defaults } = HEALTH_DEFAULTS;
  const limits = (
    name: 'queueAgeSeconds' | 'deadLetterGrowth' | 'quarantineGrowth',
    { min, max }: { readonly min: number; readonly max: number },
  ): HealthLimits => {
    const at = reader.child(name, {});
    const degraded = at.integer('degraded', min, max, defaults[name].degraded);
    const unhealthy = at.integer('unhealthy', degraded, max, Math.max(degraded, defaults[name].unhealthy));
    return { degraded, unhealthy };
  };
  return {
    queueAgeSeconds: limits('queueAgeSeconds', HEALTH_RANGES.queueAgeSeconds),
    deadLetterGrowth: limits('deadLetterGrowth', HEALTH_RANGES.growth),
    quarantineGrowth: limits('quarantineGrowth', HEALTH_RANGES.growth),
    halfOpenForMs: reader.integerIn('halfOpenForMs', HEALTH_RANGES.halfOpenForMs, defaults.halfOpenForMs),
  };
}
