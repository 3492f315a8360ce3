import fc from 'fast-check';
import { expect, it } from 'vitest';
import { judgeEventSource } from '../../../lambdas/core/health/judge-event-source.ts';
import { HEALTH_RANGES } from '../../../lambdas/core/health/settings.ts';
import type { EventSourceStatus } from '../../../lambdas/core/intake/event-source.ts';
import { controlled, intakeWorld } from '../intake/world.ts';
import { INTAKE, TRACKER, watched } from './world.ts';

/** Short times go by in short steps. Milliseconds. */
const STEP_MS = 4_000;
const LONG_STEP_MS = 30_000;

type Happening =
  | { readonly kind: 'open'; readonly key: string; readonly forMs: number; readonly told: boolean }
  | { readonly kind: 'half-open' | 'closed' | 'forced-open'; readonly key: string; readonly told: boolean }
  | { readonly kind: 'time'; readonly ms: number };

const key = fc.constantFrom(TRACKER, INTAKE);
const told = fc.boolean();
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    key,
    told,
    forMs: fc.integer({ min: 1_000, max: 600_000 }),
  }),
  fc.record({
    kind: fc.constantFrom('half-open' as const, 'closed' as const, 'forced-open' as const),
    key,
    told,
  }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 100, max: 200_000 }) }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 100, max: 3_000_000 }) }),
);

/** A consumer, as health check and intake controller know it. */
const CONSUMER = watched({ mappingId: 'mapping-1' });

/** Judges at every step, with each answer of Lambda that is still good and the table as it is then. */
function judging(world: ReturnType<typeof intakeWorld>) {
  const { clock, circuits, markers, notes } = world;
  let answers: { readonly at: number; readonly status: EventSourceStatus }[] = [];
  return (): string[] => {
    const now = clock.now();
    answers = [...answers, { at: now, status: { ...world.sourceOf() } }].filter(
      ({ at }) => now - at <= HEALTH_RANGES.apiCacheForMs.max,
    );
    const names = [
      ['tracker', TRACKER],
      ['intake', INTAKE],
    ] as const;
    const needed = names.map(([name, of]) => ({
      name,
      key: of,
      item: circuits.get(of),
      wakeUp: notes.get(of),
    }));
    const intake = { circuits: needed, marker: markers.get('orders') };
    return answers.map(({ status }) => {
      const { status: found, reason } = judgeEventSource(CONSUMER, status, intake, now);
      return found === 'UNHEALTHY' ? reason : '';
    });
  };
}

it('never takes what the intake controller does for something that nobody handles, however old the answers are', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 12 }), async (happenings) => {
      const world = intakeWorld([controlled()]);
      const judge = judging(world);
      for (const what of happenings) {
        if (what.kind === 'time') {
          const step = what.ms > 200_000 ? LONG_STEP_MS : STEP_MS;
          for (let passed = 0; passed < what.ms; passed += step) {
            await world.live(Math.min(step, what.ms - passed));
            expect(judge().filter((reason) => reason !== '')).toEqual([]);
          }
          continue;
        }
        if (what.kind === 'open') world.open(what.key, what.forMs);
        else world.circuit(what.key, { state: what.kind });
        if (what.told) await world.told(what.key);
        expect(judge().filter((reason) => reason !== '')).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

it('finds out what somebody disables, at the latest when the marker of a pause before is gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 300_000 }), async (wait) => {
      const world = intakeWorld([controlled()]);
      const judge = judging(world);
      world.open(TRACKER, 30_000);
      await world.told(TRACKER);
      await world.live(60_000);
      world.circuit(TRACKER, { state: 'closed' });
      await world.live(600_000 + wait);
      expect(judge().filter((reason) => reason !== '')).toEqual([]);
      world.order({ enabled: false });
      await world.live(STEP_MS);
      expect(judge().at(-1)).toMatch(/the intake controller did not do it$/);
    }),
    { numRuns: 20 },
  );
});
