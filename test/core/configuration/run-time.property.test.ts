import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readFile } from '../../../lambdas/core/configuration/read-file.ts';
import { changesBetween, judgeConfiguration } from '../../../lambdas/core/configuration/run-time.ts';
import { liveSettings, replaceSettings } from '../../../lambdas/core/live-settings.ts';
import { parseConsumerSettings } from '../../../lambdas/core/parse-settings.ts';
import { consumerSettings } from '../fixtures.ts';
import { files } from './arbitrary-file.ts';

const QUEUE = 'tracker';
const deployed = consumerSettings({
  circuits: {
    tracker: {
      timeoutMs: 2_000,
      totalTimeoutMs: 600_000,
      retry: {},
      rateLimit: { limit: 50, perMs: 1_000 },
      bulkhead: { maxConcurrent: 5 },
    },
    search: { adaptiveConcurrency: {} },
  },
  screening: {
    deniedSources: { attribute: 'sender' },
    reputation: { source: { attribute: 'sender' }, minimumScore: 20 },
  },
});

it('takes at run time only what a consumer could have been started with, and says of the rest where it stands', () => {
  let good = 0;
  fc.assert(
    fc.property(files(true), (file) => {
      const text = stringify(file);
      const lines = text.split('\n').length;
      expect(readFile(text).problems).toEqual([]);
      const judgement = judgeConfiguration(text, deployed, QUEUE);
      if (judgement.kind === 'bad') {
        for (const { line, column, path, rule, value } of judgement.problems) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThan(0);
          expect([path, rule, value]).not.toContain('');
        }
        return;
      }
      good += 1;
      expect(parseConsumerSettings(structuredClone(judgement.settings))).toEqual(judgement.settings);
    }),
    { numRuns: 1_500 },
  );
  expect(good).toBeGreaterThan(50);
});

it('is the same whatever was changed before: the text alone decides', () => {
  fc.assert(
    fc.property(files(true), files(true), (first, second) => {
      const live = liveSettings(deployed);
      for (const file of [first, second]) {
        const judgement = judgeConfiguration(stringify(file), deployed, QUEUE);
        if (judgement.kind === 'good') replaceSettings(live, judgement.settings);
      }
      const last = judgeConfiguration(stringify(second), deployed, QUEUE);
      if (last.kind === 'good') expect(changesBetween(live, last.settings)).toEqual([]);
      const undone = judgeConfiguration('{}', deployed, QUEUE);
      if (undone.kind === 'good') replaceSettings(live, undone.settings);
      expect(live).toEqual(deployed);
    }),
    { numRuns: 500 },
  );
});

it('reads JSON as it reads YAML', () => {
  fc.assert(
    fc.property(files(false), (file) => {
      expect(readFile(JSON.stringify(file)).content).toEqual(readFile(stringify(file)).content);
    }),
    { numRuns: 300 },
  );
});
