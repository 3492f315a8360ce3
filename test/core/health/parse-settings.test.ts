import { expect, it } from 'vitest';
import { parseHealthSettings } from '../../../lambdas/core/health/parse-settings.ts';
import { HEALTH_DEFAULTS } from '../../../lambdas/core/health/settings.ts';
import { watched } from './world.ts';

it('fills in every default', () => {
  expect(parseHealthSettings({})).toEqual({ consumers: [], ...HEALTH_DEFAULTS });
  const given = { stateTable: 'state', consumers: [watched()] };
  expect(parseHealthSettings(given)).toEqual({ ...given, ...HEALTH_DEFAULTS });
});

it('keeps what is given, and the defaults beside it', () => {
  const { critical, thresholds } = parseHealthSettings({
    critical: { circuits: true },
    thresholds: { queueAgeSeconds: { degraded: 7_200 }, halfOpenForMs: 1_000 },
  });
  expect(critical).toEqual({ ...HEALTH_DEFAULTS.critical, circuits: true });
  expect(thresholds).toEqual({
    ...HEALTH_DEFAULTS.thresholds,
    queueAgeSeconds: { degraded: 7_200, unhealthy: 7_200 },
    halfOpenForMs: 1_000,
  });
});

it('names every setting that breaks its rule', () => {
  const consumers = [watched(), watched(), { consumerId: '' }];
  const input = {
    consumers,
    critical: { curcuits: true },
    thresholds: { deadLetterGrowth: { degraded: 10, unhealthy: 9 } },
    apiCacheForMs: 60_001,
    timeoutMs: 49,
  };
  expect(() => parseHealthSettings(input)).toThrow(
    /consumers\[2\].consumerId must.*consumers\[2\].mappingId must.*consumers must have ids that differ, got "orders".*stateTable must.*thresholds.deadLetterGrowth.unhealthy must be an integer from 10.*apiCacheForMs must be an integer from 0 to 60000.*timeoutMs must be an integer from 50.*critical.curcuits is not a known option/s,
  );
});
