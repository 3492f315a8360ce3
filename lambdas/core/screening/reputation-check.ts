import type { ReputationSettings } from '../settings.ts';
import { type Check, rejection } from './check.ts';
import { sourceOf } from './source.ts';

/** What is thought of sources. */
export interface Reputation {
  /**
   * Score of a source, 0 (bad) to 100 (good); `undefined` if nothing is known of it.
   *
   * @throws if it cannot be told now
   */
  scoreOf(source: string): Promise<number | undefined>;
}

/** Refuse messages of sources whose score is too low. Who is not known passes; who names no source does not. */
export function reputationCheck(
  { source: where, minimumScore }: ReputationSettings,
  reputation: Reputation,
): Check {
  return {
    name: 'reputation',
    async inspect(candidate) {
      const source = sourceOf(candidate, where);
      if (source === undefined) return rejection('LOW_REPUTATION', 'the message names no source');
      const score = await reputation.scoreOf(source);
      if (score === undefined || score >= minimumScore) return undefined;
      return rejection(
        'LOW_REPUTATION',
        `the score of the source is ${score}, at least ${minimumScore} is asked for`,
      );
    },
  };
}
