import type { ConsumerSettings, SettingsInput } from '../../../lambdas/index.ts';
import { type Effect, orders } from './effect.ts';
import { PlannedError, type Running } from './running.ts';

const broken = (): never => {
  throw new PlannedError({ retryable: false, reason: 'PROCESSING_ERROR' });
};

/** Make a number of messages meet one fault, one after the other; how many of them are dead-lettered. */
async function taken(r: Running, messages: number): Promise<number> {
  r.answers.dependency = broken;
  let count = 0;
  for (let at = 0; at < messages; at += 1) {
    const [event] = await r.send();
    if (event?.kind === 'dead-lettered') count += 1;
  }
  return count;
}

/** Seconds until a message is let in to try, one asking each second. */
async function secondsHeld(r: Running): Promise<number> {
  const { calls } = r.counts;
  for (let seconds = 1; seconds < 10_000; seconds += 1) {
    r.clock.advance(1_000);
    await r.send();
    if (r.counts.calls > calls) return seconds;
  }
  throw new Error('it is held for ever');
}

/** Times for which the intake is held, one failed try after the other. Seconds. */
async function holds(r: Running): Promise<readonly number[]> {
  await r.recover();
  await taken(r, 10);
  return [await secondsHeld(r), await secondsHeld(r), await secondsHeld(r)];
}

type KillSwitch = Exclude<ConsumerSettings['killSwitch'], false>;

const switched = (
  option: string,
  deployed: SettingsInput<KillSwitch>,
  text: string,
): Pick<Effect, 'option' | 'deployed' | 'text'> => ({
  option: `queues.*.killSwitch${option}`,
  deployed: { killSwitch: { minMessages: 4, ...deployed } },
  text: orders(`killSwitch: ${text}`),
});

async function takenOfTwelve(r: Running): Promise<number> {
  await r.recover();
  return taken(r, 12);
}

/** Effects of the kill switch. */
export const KILL_SWITCH_EFFECTS: readonly Effect[] = [
  { ...switched(': false', {}, 'false'), seen: takenOfTwelve, before: 3, after: 12 },
  { ...switched('.minMessages', {}, '{ minMessages: 7 }'), seen: takenOfTwelve, before: 3, after: 6 },
  {
    ...switched('.share', { share: 0.15 }, '{ share: 0.6 }'),
    async seen(r) {
      await r.recover();
      // What is handled is told with the next message that a fault takes.
      await r.send(12);
      return taken(r, 12);
    },
    before: 3,
    after: 12,
  },
  {
    ...switched('.window', { windowMs: 60_000 }, '{ window: 10m }'),
    async seen(r) {
      await r.recover();
      const first = await taken(r, 3);
      r.clock.advance(90_000);
      return first + (await taken(r, 3));
    },
    before: 6,
    after: 3,
  },
  {
    ...switched('.openFor', { openForMs: 20_000 }, '{ openFor: 10s }'),
    seen: holds,
    before: [20, 40, 80],
    after: [10, 20, 40],
  },
  {
    ...switched('.maxOpenFor', { openForMs: 20_000 }, '{ maxOpenFor: 30s }'),
    seen: holds,
    before: [20, 40, 80],
    after: [20, 30, 30],
  },
];
