import type { Duration } from 'aws-cdk-lib';
import {
  HEALTH_DEFAULTS,
  HEALTH_KINDS,
  HEALTH_RANGES,
  type HealthLimits,
  type HealthSettings,
} from '../../lambdas/core/health/settings.ts';
import type { HealthCheckProps } from '../health-check-props.ts';
import { DEFAULT_TIMEOUT } from './consumer-function.ts';
import { type IntegerRange, millisOf, type Problems, secondsOf } from './problems.ts';

const MILLIS = { unit: 'milliseconds' };
const CACHE_RULE =
  'for two minutes after an event source was opened the table tells that it had been paused, and no answer may be older';

/** What of a health check's settings does not come from its consumers, its properties checked. */
export function checkedHealthSettings(
  props: HealthCheckProps,
  problems: Problems,
): Pick<HealthSettings, 'critical' | 'thresholds' | 'cacheForMs' | 'apiCacheForMs' | 'timeoutMs'> {
  const { thresholds, cacheForMs, apiCacheForMs, timeoutMs } = HEALTH_DEFAULTS;
  const millis = (
    property: string,
    value: Duration | undefined,
    otherwise: number,
    range: IntegerRange,
    because: string,
  ) => {
    const given = wholeMillis(value) ?? otherwise;
    return problems.integer(property, given, { ...range, ...MILLIS }, because) ? given : otherwise;
  };
  const age = props.queueAge ?? {};
  const timeout = millis(
    'timeout',
    props.timeout,
    timeoutMs,
    HEALTH_RANGES.timeoutMs,
    'somebody waits for the answer',
  );
  const functionMs = millisOf(props.functionProps?.timeout ?? DEFAULT_TIMEOUT);
  if (functionMs !== undefined && timeout >= functionMs) {
    const because = 'Lambda ends the function then, and who asked is told nothing';
    problems.add(
      'timeout',
      `must be less than functionProps.timeout of ${functionMs} milliseconds`,
      timeout,
      because,
    );
  }
  return {
    critical: { ...HEALTH_DEFAULTS.critical, ...checkedCritical(props.critical ?? {}, problems) },
    thresholds: {
      queueAgeSeconds: limits(
        'queueAge',
        { degraded: secondsOf(age.degraded), unhealthy: secondsOf(age.unhealthy) },
        { ...thresholds.queueAgeSeconds, range: { ...HEALTH_RANGES.queueAgeSeconds, unit: 'seconds' } },
        problems,
      ),
      deadLetterGrowth: growth('deadLetterGrowth', props, problems),
      quarantineGrowth: growth('quarantineGrowth', props, problems),
      halfOpenForMs: millis(
        'halfOpenFor',
        props.halfOpenFor,
        thresholds.halfOpenForMs,
        HEALTH_RANGES.halfOpenForMs,
        'a probe takes a moment',
      ),
    },
    cacheForMs: millis('cacheFor', props.cacheFor, cacheForMs, HEALTH_RANGES.cacheForMs, CACHE_RULE),
    apiCacheForMs: millis(
      'apiCacheFor',
      props.apiCacheFor,
      apiCacheForMs,
      HEALTH_RANGES.apiCacheForMs,
      CACHE_RULE,
    ),
    timeoutMs: timeout,
  };
}

interface GivenLimits {
  readonly degraded?: number | undefined;
  readonly unhealthy?: number | undefined;
}

function growth(
  property: 'deadLetterGrowth' | 'quarantineGrowth',
  props: HealthCheckProps,
  problems: Problems,
): HealthLimits {
  const defaults = {
    ...HEALTH_DEFAULTS.thresholds[property],
    range: { ...HEALTH_RANGES.growth, unit: 'messages' },
  };
  return limits(property, props[property] ?? {}, defaults, problems);
}

function limits(
  property: string,
  given: GivenLimits,
  defaults: HealthLimits & { readonly range: IntegerRange },
  problems: Problems,
): HealthLimits {
  const { range } = defaults;
  const because = 'what is worse than DEGRADED is UNHEALTHY';
  const degraded = given.degraded ?? defaults.degraded;
  if (!problems.integer(`${property}.degraded`, degraded, range, because)) return defaults;
  const unhealthy = given.unhealthy ?? Math.max(degraded, defaults.unhealthy);
  const above = { ...range, min: degraded };
  return problems.integer(`${property}.unhealthy`, unhealthy, above, because)
    ? { degraded, unhealthy }
    : { degraded, unhealthy: degraded };
}

/** What types promise, where somebody has dodged them: a kind that is misspelt would be left as it is without a word. */
function checkedCritical(
  critical: NonNullable<HealthCheckProps['critical']>,
  problems: Problems,
): NonNullable<HealthCheckProps['critical']> {
  const known: readonly string[] = HEALTH_KINDS;
  for (const kind of Object.keys(critical)) {
    if (known.includes(kind)) continue;
    problems.add('critical', `must be of the kinds ${HEALTH_KINDS.join(', ')}`, kind, 'there are no others');
  }
  return critical;
}

function wholeMillis(value: Duration | undefined): number | undefined {
  return millisOf(value) ?? value?.toMilliseconds();
}

/** What of the settings the runtime does not fill in by itself: they have to fit Lambda's environment. */
export function withoutHealthDefaults<T extends Omit<HealthSettings, 'stateTable'>>(settings: T): object {
  const { consumers, ...rest } = settings;
  return { consumers, ...differences(rest, HEALTH_DEFAULTS) };
}

function differences(value: object, defaults: object): object {
  const usual = new Map<string, unknown>(Object.entries(defaults));
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]: [string, unknown]): [string, unknown][] => {
      const other = usual.get(name);
      if (!isObject(each) || !isObject(other)) return each === other ? [] : [[name, each]];
      const left = differences(each, other);
      return Object.keys(left).length === 0 ? [] : [[name, left]];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
