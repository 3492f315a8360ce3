import fc from 'fast-check';
import { expect, it } from 'vitest';
import { liveSettings, replaceFields, replaceSettings, viewOf } from '../../lambdas/core/live-settings.ts';
import { consumerSettings } from './fixtures.ts';

const calls = {
  timeoutMs: 2_000,
  retry: { budget: { capacity: 5 } },
  rateLimit: { limit: 50, perMs: 1_000 },
  bulkhead: { maxConcurrent: 5 },
};

it('says what others say, and keeps every object that policies have taken hold of', () => {
  const deployed = consumerSettings({ circuits: { tracker: calls } });
  const live = liveSettings(deployed);
  const { tracker } = live.circuits;
  const held = [tracker, tracker?.retry, tracker?.retry?.budget, tracker?.rateLimit, tracker?.bulkhead];
  const next = consumerSettings({
    concurrency: 3,
    attempts: { max: 7 },
    circuits: {
      tracker: {
        ...calls,
        timeoutMs: 3_000,
        retry: { attempts: 9, budget: { capacity: 6 } },
        rateLimit: { limit: 20, perMs: 1_000 },
        bulkhead: { maxConcurrent: 2 },
      },
    },
  });
  replaceSettings(live, next);

  expect(live).toEqual(next);
  const now = live.circuits.tracker;
  const after = [now, now?.retry, now?.retry?.budget, now?.rateLimit, now?.bulkhead];
  for (const [at, each] of held.entries()) expect(after[at]).toBe(each);
});

it('shares nothing with what it was made of', () => {
  const deployed = consumerSettings({ circuits: { tracker: {} } });
  const before = structuredClone(deployed);
  const live = liveSettings(deployed);
  const next = consumerSettings({ circuits: { tracker: { openForMs: 5_000 } }, attempts: { max: 2 } });
  replaceSettings(live, next);
  replaceSettings(live, consumerSettings({ circuits: { tracker: { openForMs: 6_000 } } }));
  expect(deployed).toEqual(before);
  expect(next.circuits.tracker?.openForMs).toBe(5_000);
});

it('takes a name that every object has for a name like any other', () => {
  const polluting: object = JSON.parse('{ "__proto__": { "openForMs": 1 } }');
  const live = {};
  replaceFields(live, polluting);
  replaceFields(live, JSON.parse('{ "__proto__": { "openForMs": 2 }, "toString": { "openForMs": 3 } }'));
  expect(Object.keys(live)).toEqual(['__proto__', 'toString']);
  expect(Object.getPrototypeOf(live)).toBe(Object.prototype);
  expect('openForMs' in {}).toBe(false);
});

const objects = fc.object({ maxDepth: 3, maxKeys: 4, values: [fc.integer(), fc.constant(false)] });

it('makes any object say what any other says, without becoming it', () => {
  fc.assert(
    fc.property(objects, objects, (one, other) => {
      const said = structuredClone(other);
      const live = structuredClone(one);
      replaceFields(live, other);
      expect(live).toEqual(said);
      expect(other).toEqual(said);
    }),
  );
});

it('views what it was last made to look at', () => {
  const { view, lookAt } = viewOf({ openForMs: 1 });
  const next = { openForMs: 2 };
  lookAt(next);
  next.openForMs = 3;
  expect(view.openForMs).toBe(3);
});
