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
  const added: {
    readonly bucket: number;
    readonly begun: number;
    readonly finished: number;
    readonly expiresAt: number;
  }[] = [];
  const counts: typeof inner = {
    async add(bucket, report, expiresAt) {
      const count = await inner.add(bucket, report, expiresAt);
      added.push({ bucket, begun: report.begun, finished: report.finished, expiresAt });
      return count;
    },
    async read(bucket) {
      reads.push(bucket);
      return inner.read(bucket);
    },
  };
  const join = (skewMs = 0) => {
    const own = { now: () => clock.now() + skewMs, after: clock.after };
    const { begin } = killSwitch({ settings: { ...settings, ...overrides }, counts, clock: own });
    const count = (fingerprint: string) => begin().count(fingerprint);
    const tooMany = async (fingerprint = 'a') => (await count(fingerprint)).finding === 'too-many';
    const beginAll = (messages: number) => Array.from({ length: messages }, begin);
    const finish = (messages: number) => {
      for (const begun of beginAll(messages)) begun.finished();
    };
    return { begin: beginAll, finish, count, tooMany };
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
    expect(await count('a')).toEqual({ count: 2, begun: 2, finding: 'few' });
    clock.advance(1);
    expect(await tooMany()).toBe(true);
  });

  it('has to be a share of what was done with', async () => {
    const { join } = fleet({ share: 0.5 });
    const { finish, count } = join();
    finish(3);
    await count('a');
    await count('a');
    expect(await count('a')).toEqual({ count: 3, begun: 6, finding: 'too-many' });
    finish(1);
    finish(2);
    expect(await count('a')).toEqual({ count: 4, begun: 10, finding: 'few' });
  });
});

describe('messages that are under way', () => {
  it('leave it unclear whether they are too many, until they are finished', async () => {
    const { begin, count } = fleet({ share: 0.5 }).join();
    const begun = begin(5);
    for (let at = 0; at < 2; at += 1) expect((await count('a')).finding).toBe('few');
    expect(await count('a')).toEqual({ count: 3, begun: 8, finding: 'unclear' });
    for (const each of begun) each.finished();
    expect(await count('a')).toEqual({ count: 4, begun: 9, finding: 'few' });
  });

  it('are looked at as far as they are told', async () => {
    const { join } = fleet({ share: 0.5 });
    const [one, two] = [join(), join()];
    one.begin(5);
    two.begin(1);
    for (let at = 0; at < 2; at += 1) await two.count('a');
    expect(await two.count('a')).toEqual({ count: 3, begun: 4, finding: 'too-many' });
    expect(await one.count('a')).toEqual({ count: 4, begun: 10, finding: 'unclear' });
  });

  it('are taken off again when they are put back, told or not', async () => {
    const { begin, count, finish } = fleet().join();
    const [first, second, third] = begin(3);
    first?.takeBack();
    await count('a');
    second?.takeBack();
    expect(await count('a')).toMatchObject({ begun: 3 });
    third?.takeBack();
    finish(1);
    expect(await count('a')).toMatchObject({ count: 3, begun: 4 });
  });

  it('end in one way only', async () => {
    const { join, added } = fleet();
    const { begin, count } = join();
    const [first, second, third] = begin(3);
    first?.finished();
    first?.takeBack();
    second?.takeBack();
    second?.finished();
    await third?.count('a');
    third?.takeBack();
    await count('a');
    expect(added).toMatchObject([
      { begun: 2, finished: 2 },
      { begun: 1, finished: 1 },
    ]);
  });

  it('and could not be counted are taken off like those that are put back', async () => {
    const { faults, join, added } = fleet();
    const { begin, count } = join();
    const [message] = begin(1);
    faults.fail('state-table', { times: 1 });
    await expect(message?.count('a')).rejects.toThrow('was made to fail');
    message?.takeBack();
    await count('a');
    expect(added).toMatchObject([{ begun: 1, finished: 1 }]);
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
    expect(await late.count('a')).toMatchObject({ count: 4, finding: 'too-many' });
  });
});

it('gives up waiting for a store that does not answer, so that nothing is dead-lettered', async () => {
  const clock = fakeClock();
  const never = () => new Promise<never>(() => {});
  const { begin } = killSwitch({ settings, counts: { add: never, read: never }, clock });
  const counted = expect(begin().count('a')).rejects.toThrow('no answer within 1000 ms');
  await clock.pass(1_000);
  await counted;
});

it('lets its items expire a few windows later', async () => {
  const { clock, join, added } = fleet();
  await join().count('a');
  expect(added[0]?.expiresAt).toBeGreaterThan(clock.now() + 3 * DEFAULTS.killSwitch.windowMs);
});
