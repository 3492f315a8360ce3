import {
  ConstantBackoff,
  retry as cockatiel,
  ExponentialBackoff,
  handleWhen,
  noJitterGenerator,
} from 'cockatiel';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { RetryExhaustedError } from '../../../lambdas/core/errors.ts';
import { policyWorld } from './parts.ts';

// What differs on purpose, and is left out here: when attempts run out, cockatiel throws the last error and we wrap it;
// it knows neither Retry-After, nor budget, nor deadline; an abort does not end its waits; it sleeps 0 ms where we go on;
// its delays without jitter double, whatever its exponent says (3.2.1).

afterEach(() => void vi.unstubAllGlobals());

type Outcome = 'heals' | 'final' | 'answer';
const errors = {
  heals: Object.assign(new Error('down'), { code: 'ECONNREFUSED' }),
  final: Object.assign(new Error('no'), { status: 404 }),
};

const script = fc.array(fc.constantFrom<Outcome>('heals', 'heals', 'heals', 'final', 'answer'), {
  maxLength: 12,
});
const backoff = fc.record({
  kind: fc.constantFrom('fixed' as const, 'exponential' as const),
  firstDelayMs: fc.integer({ min: 1, max: 5_000 }),
  more: fc.integer({ min: 0, max: 20_000 }),
});

/** Plays the outcomes in turn; those after the last are answers. */
function player(outcomes: readonly Outcome[]) {
  const played = { attempts: 0 };
  const play = async (): Promise<string> => {
    const outcome = outcomes[played.attempts] ?? 'answer';
    played.attempts += 1;
    if (outcome !== 'answer') throw errors[outcome];
    return `answer ${played.attempts}`;
  };
  return { play, played };
}

async function ended(call: Promise<unknown>): Promise<unknown> {
  try {
    return { value: await call };
  } catch (error) {
    return { error: error instanceof RetryExhaustedError ? error.cause : error };
  }
}

it('makes the attempts that cockatiel makes, after the same delays, and ends with the same', async () => {
  await fc.assert(
    fc.asyncProperty(script, fc.integer({ min: 1, max: 8 }), backoff, async (outcomes, attempts, given) => {
      const { kind, firstDelayMs, more } = given;
      const capMs = firstDelayMs + more;

      const theirDelays: number[] = [];
      vi.stubGlobal('setTimeout', (action: () => void, ms: number) => {
        theirDelays.push(ms);
        queueMicrotask(action);
      });
      const theirs = player(outcomes);
      const policy = cockatiel(
        handleWhen((error) => error === errors.heals),
        {
          maxAttempts: attempts - 1,
          backoff:
            kind === 'fixed'
              ? new ConstantBackoff(firstDelayMs)
              : new ExponentialBackoff({
                  initialDelay: firstDelayMs,
                  maxDelay: capMs,
                  generator: noJitterGenerator,
                }),
        },
      );
      const theirEnd = await ended(policy.execute(theirs.play));
      vi.unstubAllGlobals();

      const { clock, retry, events } = policyWorld();
      const at: number[] = [];
      const ours = player(outcomes);
      const timed = (): Promise<string> => {
        at.push(clock.now());
        return ours.play();
      };
      let ourEnd: unknown;
      const call = ended(retry({ attempts, kind, firstDelayMs, capMs, base: 2 }).call(timed));
      void call.then((end) => {
        ourEnd = end;
      });
      while (ourEnd === undefined) await clock.pass(clock.pending > 0 ? 25_001 : 0);

      expect(ourEnd).toEqual(theirEnd);
      expect(ours.played).toEqual(theirs.played);
      expect(events.flatMap((event) => (event.kind === 'call-retried' ? [event.delayMs] : []))).toEqual(
        theirDelays,
      );
      expect(at).toHaveLength(theirs.played.attempts);
    }),
    { numRuns: 200 },
  );
});
