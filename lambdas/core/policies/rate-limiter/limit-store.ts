import { type LimitStep, type LimitStepResult, type TimelineItem, takeStep } from './gcra.ts';

/** Where the timelines of rate limits are kept. */
export interface LimitStore {
  /**
   * Take a step, if its condition holds. Rejects when the store does not answer.
   *
   * @param expiresAtEpochMs when the item says nothing any more and may be deleted
   */
  apply(key: string, step: LimitStep, expiresAtEpochMs: number): Promise<LimitStepResult>;
}

/** Timelines in the memory of this process: of services that share them with nobody else, and of tests. */
export function memoryLimits(): LimitStore {
  const items = new Map<string, TimelineItem>();
  return {
    async apply(key, step) {
      const result = takeStep(items.get(key), step);
      if (result.applied && result.item !== undefined) items.set(key, result.item);
      return result;
    },
  };
}
