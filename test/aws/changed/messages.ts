import { FAILURE_REASONS, type FailureReason } from '../../../lambdas/core/settings.ts';
import type { ConsumerSettings, SettingsInput } from '../../../lambdas/index.ts';
import { type Effect, ofMessages, orders } from './effect.ts';
import { PlannedError, type Running } from './running.ts';

/** Delays of a message that always fails for one reason, up to the dead-letter queue. Seconds. */
const delays =
  (reason: FailureReason = 'UNKNOWN') =>
  async (r: Running): Promise<readonly number[]> => {
    r.clock.advance(3_600_000);
    r.answers.dependency = () => {
      throw new PlannedError({ reason });
    };
    const events = await r.live();
    return events.flatMap((event) => (event.kind === 'retried' ? event.delaySeconds : []));
  };

const BACKOFF = {
  attempts: { max: 4 },
  backoff: { kind: 'exponential', firstDelayMs: 10_000 },
} as const satisfies SettingsInput<ConsumerSettings>;

const repeats = (option: string, text: string, after: readonly number[]): Effect => ({
  option,
  deployed: BACKOFF,
  text,
  seen: delays(),
  before: [10, 20, 40],
  after,
});

const ofProfile = (option: string, text: string, after: readonly number[]): Effect =>
  repeats(`retryProfiles.*.${option} (of messages)`, ofMessages(text), after);

/** Most messages of a batch that are worked on at a time. */
async function mostAtATime(r: Running): Promise<number> {
  r.counts.most = 0;
  r.answers.dependency = () => new Promise<void>((resolve) => void r.clock.after(1_000, resolve));
  await r.send(10);
  return r.counts.most;
}

/** Effects of what a queue's messages are given. */
export const MESSAGE_EFFECTS: readonly Effect[] = [
  {
    option: 'queues.*.concurrency',
    deployed: { concurrency: 7 },
    text: orders('concurrency: 2'),
    seen: mostAtATime,
    before: 7,
    after: 2,
  },
  repeats('queues.*.retry', ofMessages('attempts: 3, firstDelay: 7s, strategy: fixed'), [7, 7]),
  ofProfile('attempts', 'attempts: 5', [10, 20, 40, 80]),
  ofProfile('strategy', 'strategy: full-jitter', [5, 10, 20]),
  ofProfile('firstDelay', 'firstDelay: 30s', [30, 60, 120]),
  ofProfile('cap', 'cap: 15s', [10, 15, 15]),
  ofProfile('base', 'base: 3', [10, 30, 90]),
  repeats('queues.*.attempts.max', orders('attempts: { max: 2 }'), [10]),
  ...FAILURE_REASONS.map(
    (reason): Effect => ({
      option: `queues.*.attempts.byReason.${reason}`,
      deployed: { ...BACKOFF, attempts: { max: 4, byReason: {} } },
      text: orders(`attempts: { byReason: { ${reason}: 2 } }`),
      seen: async (r) => [await delays(reason)(r), (await delays(another(reason))(r)).length],
      before: [[10, 20, 40], 3],
      after: [[10], 3],
    }),
  ),
];

function another(reason: FailureReason): FailureReason {
  return reason === 'UNKNOWN' ? 'PROCESSING_ERROR' : 'UNKNOWN';
}
