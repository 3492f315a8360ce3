import fc from 'fast-check';
import { expect, it } from 'vitest';
import { intakeWorld, type Mishap } from './world.ts';

const TRACKER = 'circuit#tracker';
const INTAKE = 'circuit#intake#orders';
const MINUTE = 60_000;

type Happening =
  | { readonly kind: 'open'; readonly key: string; readonly forMs: number }
  | { readonly kind: 'half-open' | 'close' | 'forced-open'; readonly key: string }
  | { readonly kind: 'deployed'; readonly enabled: boolean; readonly concurrency: number }
  | { readonly kind: 'person disables' }
  /** Runs that stood still go on, with what they had read then. */
  | { readonly kind: 'released' }
  | { readonly kind: 'run'; readonly times: number; readonly trouble: readonly (Mishap | undefined)[] }
  | { readonly kind: 'time'; readonly ms: number };

const key = fc.constantFrom(TRACKER, INTAKE);
const mishap = fc.constantFrom<(Mishap | undefined)[]>(
  undefined,
  undefined,
  undefined,
  'throttled',
  'killed',
  'stalled',
);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ kind: fc.constant('open' as const), key, forMs: fc.integer({ min: 1_000, max: 600_000 }) }),
  fc.record({ kind: fc.constantFrom('half-open' as const, 'close' as const, 'forced-open' as const), key }),
  fc.record({
    kind: fc.constant('deployed' as const),
    enabled: fc.boolean(),
    concurrency: fc.integer({ min: 2, max: 20 }),
  }),
  fc.record({
    kind: fc.constant('run' as const),
    times: fc.integer({ min: 1, max: 3 }),
    trouble: fc.array(mishap, { maxLength: 24 }),
  }),
  fc.constant<Happening>({ kind: 'released' }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.integer({ min: 100, max: 200_000 }) }),
);
const withPersons = fc.oneof(
  { weight: 6, arbitrary: happening },
  { weight: 1, arbitrary: fc.constant<Happening>({ kind: 'person disables' }) },
);

type World = ReturnType<typeof intakeWorld>;

/** Lambda takes orders only of a mapping that it is not changing; whoever is refused comes back later or never. */
function attempt(world: World, change: Parameters<World['order']>[0]): boolean {
  try {
    world.order(change);
    return true;
  } catch {
    return false;
  }
}

async function happen(world: World, what: Happening): Promise<void> {
  switch (what.kind) {
    case 'open':
      return world.open(what.key, what.forMs);
    case 'half-open':
      return world.circuit(what.key, { state: 'half-open' });
    case 'close':
      return world.circuit(what.key, undefined);
    case 'forced-open':
      return world.circuit(what.key, { state: 'forced-open' });
    case 'deployed':
      attempt(world, { enabled: what.enabled || undefined, maximumConcurrency: what.concurrency } as never);
      return;
    case 'released':
      return world.release();
    case 'person disables':
      attempt(world, { enabled: false });
      return;
    case 'run':
      // Runs at the same time: each is killed, throttled or delayed where the trouble says.
      await Promise.all(Array.from({ length: what.times }, () => world.run(undefined, what.trouble)));
      return;
    case 'time':
      await world.live(what.ms);
  }
}

/** Nothing goes wrong any more, and nothing happens. */
async function calm(world: World, lastly: 'close' | 'forced-open'): Promise<void> {
  await happen(world, { kind: 'close', key: TRACKER });
  await happen(world, { kind: lastly, key: INTAKE });
  await world.release();
  await world.live(10 * MINUTE);
}

it('reaches what should be from wherever killed, throttled and simultaneous runs and deployments left it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { maxLength: 25 }),
      fc.constantFrom('close' as const, 'forced-open' as const),
      async (happenings, lastly) => {
        const world = intakeWorld();
        for (const what of happenings) await happen(world, what);
        // A deployment that comes last leaves what it set, and nobody else has changed it then.
        attempt(world, { maximumConcurrency: 10 });
        await calm(world, lastly);
        if (lastly === 'close') {
          expect(world.markers.size).toBe(0);
          expect(world.sourceOf().state).toBe('Enabled');
        } else {
          expect(world.markers.get('orders')?.phase).toBe('paused');
          expect(world.sourceOf().state).toBe('Disabled');
        }
      },
    ),
    { numRuns: 1_500 },
  );
}, 120_000);

it('pauses nothing without its marker, and enables nothing without it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(withPersons, { maxLength: 25 }), async (happenings) => {
      const world = intakeWorld();
      const wrong: string[] = [];
      world.watch((change, marker) => {
        if (change.enabled === false && marker?.phase !== 'paused') wrong.push('disabled without a marker');
        if (change.enabled === true && marker === undefined) wrong.push('enabled without a marker');
      });
      for (const what of happenings) await happen(world, what);
      await calm(world, 'close');
      expect(wrong).toEqual([]);
    }),
    { numRuns: 1_000 },
  );
}, 120_000);

it('leaves alone for good what a person disabled while no pause was under way', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 20 }), async (happenings) => {
      const world = intakeWorld();
      attempt(world, { enabled: false });
      for (const what of happenings) {
        if (what.kind !== 'deployed') await happen(world, what);
      }
      await calm(world, 'close');
      expect(world.sourceOf().state).toBe('Disabled');
    }),
    { numRuns: 500 },
  );
}, 120_000);

it.each(['open', 'probe', 'close', 'hold'] as const)(
  'goes on after being killed at any call after: %s',
  async (what) => {
    for (let call = 1; call <= 40; call += 1) {
      const world = intakeWorld();
      if (what === 'close') {
        world.open(TRACKER, 20 * MINUTE);
        await world.live(2 * MINUTE);
        world.circuit(TRACKER, undefined);
      } else if (what === 'open') world.open(TRACKER, 30 * MINUTE);
      else if (what === 'probe') world.open(TRACKER, 150_000);
      else world.circuit(INTAKE, { state: 'forced-open' });
      world.killAtCall(call);
      await world.live(8 * MINUTE);
      const { state, maximumConcurrency } = world.sourceOf();
      const expected = {
        open: ['Disabled', 10],
        hold: ['Disabled', 10],
        probe: ['Enabled', 2],
        close: ['Enabled', 10],
      };
      expect([call, state, maximumConcurrency]).toEqual([call, ...expected[what]]);
    }
  },
);
