import type { MaybePromise } from '../../clock.ts';
import type { RateLimitSettings } from '../settings.ts';
import {
  availableAtUs,
  nextStep,
  permitsOf,
  type Span,
  type TimelineItem,
  takeStep,
  timelineOf,
} from './gcra.ts';

/** Permits that an environment asks for. */
export interface PermitRequest {
  /** The moment of asking; what is answered at once is used in the same moment. */
  readonly nowUs: number;
  /** Permits for those who wait. 1 or more. */
  readonly needed: number;
  /** When the last of them wants to go on at the latest; not before now. */
  readonly latestUs: number;
}

/** What came of asking. */
export type PermitAnswer =
  | { readonly kind: 'granted'; readonly permits: readonly Span[] }
  /** There is none in time. */
  | {
      readonly kind: 'denied';
      /** When it is worth while to ask again. */
      readonly availableUs: number;
    }
  /** Nobody knows. */
  | { readonly kind: 'failed' };

/** Where an environment has its permits from. */
export interface PermitSource {
  /** Somebody wants one, who may find it in the pool. */
  note(nowUs: number): void;
  /** Answers at once where it can. Never rejects. */
  take(request: PermitRequest): MaybePromise<PermitAnswer>;
}

/** Nothing is shared: no clocks differ, and no reply takes time. */
const NO_ALLOWANCE = { skewUs: 0, replyUs: 0 };

/** A source that answers at once. */
export interface LocalPermits extends PermitSource {
  take(request: PermitRequest): PermitAnswer;
}

/** A timeline of this process's own. */
export function localPermits(settings: RateLimitSettings): LocalPermits {
  let item: TimelineItem | undefined;

  function take({ nowUs, needed, latestUs }: PermitRequest): PermitAnswer {
    const timeline = timelineOf(settings, NO_ALLOWANCE);
    const demand = { nowUs, needed, wanted: needed, latestUs };
    for (;;) {
      const step = nextStep(timeline, { item, busy: false }, demand);
      if (step === undefined) return { kind: 'denied', availableUs: availableAtUs(timeline, item) };
      ({ item } = takeStep(item, step));
      if (step.name !== 'clamp' && item !== undefined) {
        return { kind: 'granted', permits: permitsOf(timeline, step, item) };
      }
    }
  }

  return { note: () => {}, take };
}
