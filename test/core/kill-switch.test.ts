import { describe, expect, it } from 'vitest';
import { killSwitch } from '../../lambdas/core/kill-switch.ts';
import { DEFAULTS, type KillSwitchSettings } from '../../lambdas/core/settings.ts';
import { Faults, fakeClock, memoryCounts } from './fixtures.ts';

const HALF_MS = 30_000;
const settings: KillSwitchSettings = { ...DEFAULTS.killSwitch, minMessages: 3, share: 0.15 };

/** Environments that share the counts. The clock stands in the middle of a half of the window. */
function fleet(overrides: Partial<KillSwitchSettings> = {}) {
  const clock = fakeClock(56_666_667 * HALF_MS + HALF_MS / 2);
  const faults = new Faults();
  const inner = memoryCounts(faults);
  const reads: number[] = [];
  const added: { readonly bucket: number; readonly finished: number; readonly expiresAt: number }[] = [];
  const counts: typeof inner = {
    async add(bucket, report, expiresAt) {
      const count = await inner.add(bucket, report, expiresAt);
      added.push({ bucket, finished: report.finished, expiresAt });
      return count;
    },
    async read(bucket) {
      reads.push(bucket);
      return inner.read(bucket);
    },
  };
  const join = (skewMs = 0) => {
    const own = { now: () => clock.now() + skewMs, after: clock.after };
    const { finished, count } = killSwitch({ settings: { ...settings, ...overrides }, counts, clock: own });
    const tooMany = async (fingerprint = 'a') => (await count(fingerprint)).tooMany;
    const finish = (messages: number) => {
      for (let at = 0; at < messages; at += 1) finished();
    };
    return { finish, count, tooMany };
  };
  return { clock, faults, join, reads, added };
}

describe('a fault that takes many messages', () => {
  it('is found at the message that makes it too many, in whatever environment', async () => {
    const { join } = fleet();
    const [one, two, three] = [join(), join(), join()];
    expect(await one.tooMany()).toBe(false);
    expect(await two.tooMany()).toBe(false);
    expect(await three.tooMany()).toBe(true);
  });

  it('is told from other faults', async () => {
    const { tooMany } = fleet().join();
    for (const fingerprint of ['a', 'b', 'c', 'd', 'a', 'b']) expect(await tooMany(fingerprint)).toBe(false);
    expect(await tooMany('a')).toBe(true);
  });

  it('is counted over both halves of the window, and no longer', async () => {
    const { clock, join } = fleet();
    const { tooMany, count } = join();
    await tooMany();
    clock.advance(HALF_MS);
    await tooMany();
    clock.advance(HALF_MS);
    expect(await count('a')).toEqual({ count: 2, finished: 2, tooMany: false });
    clock.advance(1);
    expect(await tooMany()).toBe(true);
  });

  it('has to be a share of what was done with', async () => {
    const { join } = fleet({ share: 0.5 });
    const { finish, count } = join();
    finish(3);
    await count('a');
    await count('a');
    expect(await count('a')).toEqual({ count: 3, finished: 6, tooMany: true });
    finish(1);
    finish(2);
    expect(await count('a')).toEqual({ count: 4, finished: 10, tooMany: false });
  });
});

describe('messages that were handled', () => {
  it('are told with the next dead letter, once, and not after the window', async () => {
    const { clock, join, added } = fleet();
    const { finish, count } = join();
    finish(4);
    clock.advance(HALF_MS);
    finish(5);
    await count('a');
    await count('a');
    finish(7);
    clock.advance(2 * HALF_MS);
    await count('a');
    expect(added.map(({ finished }) => finished)).toEqual([10, 1, 1]);
  });

  it('are told the next time when the count could not be written', async () => {
    const { faults, join, added } = fleet();
    const { finish, count } = join();
    finish(4);
    faults.fail('state-table', { times: 1 });
    await expect(count('a')).rejects.toThrow('was made to fail');
    await count('a');
    expect(added.map(({ finished }) => finished)).toEqual([5]);
  });
});

describe('the half before', () => {
  it('is read once, when nothing can reach it any more', async () => {
    const { clock, join, reads } = fleet();
    const { count } = join();
    await count('a');
    await count('a');
    expect(reads).toHaveLength(1);
    clock.advance(HALF_MS / 2 + 2_999);
    await count('a');
    expect(reads).toHaveLength(2);
    clock.advance(1);
    await count('a');
    await count('a');
    expect(reads).toHaveLength(3);
  });

  it('and the next one are looked at by environments whose clocks differ', async () => {
    const { clock, join } = fleet();
    clock.advance(HALF_MS / 2 - 1_000);
    const [late, early] = [join(), join(2_000)];
    expect(await early.tooMany()).toBe(false);
    expect(await late.tooMany()).toBe(false);
    expect(await early.tooMany()).toBe(true);
    expect(await late.count('a')).toMatchObject({ count: 4, tooMany: true });
  });
});

it('gives up waiting for a store that does not answer, so that nothing is dead-lettered', async () => {
  const clock = fakeClock();
  const never = () => new Promise<never>(() => {});
  const { count } = killSwitch({ settings, counts: { add: never, read: never }, clock });
  const counted = expect(count('a')).rejects.toThrow('no answer within 1000 ms');
  await clock.pass(1_000);
  await counted;
});

it('lets its items expire a few windows later', async () => {
  const { clock, join, added } = fleet();
  await join().count('a');
  expect(added[0]?.expiresAt).toBeGreaterThan(clock.now() + 3 * DEFAULTS.killSwitch.windowMs);
});
