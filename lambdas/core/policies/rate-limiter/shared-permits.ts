import type { StoreGuard } from '../../circuit/guarded-store.ts';
import type { Random } from '../../clock.ts';
import { SpillwayError } from '../../errors.ts';
import { type RateLimitSettings, shardsInUse } from '../settings.ts';
import { demandMeter } from './demand-meter.ts';
import {
  availableAtUs,
  type LimitStep,
  type LimitStepResult,
  nextStep,
  permitsOf,
  type Span,
  type Timeline,
  type TimelineItem,
  timelineOf,
} from './gcra.ts';
import type { LimitStore } from './limit-store.ts';
import type { PermitAnswer, PermitRequest, PermitSource } from './permit-source.ts';

/** Options of {@link sharedPermits}. */
export interface SharedPermitsOptions {
  /** Key of the timeline; those of shards have `#` and their number behind it. */
  readonly key: string;
  readonly settings: RateLimitSettings;
  readonly store: LimitStore;
  readonly guard: StoreGuard;
  readonly skewUs: number;
  readonly nowUs: () => number;
  readonly random: Random;
  /** Told of each call to the store. */
  readonly onStoreCall: () => void;
  /** Told of permits whose reply came too late to use them, and how late. */
  readonly onWaste: (permits: number) => void;
  readonly onStoreError: (operation: string, error: unknown) => void;
}

/** A reply within this time is in time, however small the burst. Microseconds. */
const REPLY_US = 100_000;

/** The first guess may be wrong, others may be faster, and a reply may come too late. */
const MOST_TRIES = 4;

/** Permits that one call takes at the most. */
const MOST_PERMITS = 1_000;

/** Those who were denied come back over this time, at the most. Microseconds. */
const LONGEST_JITTER_US = 1_000_000;

/** An item that says nothing any more is kept for a day. Microseconds. */
const KEEP_US = 86_400_000_000;

/** What is believed of one shard. */
interface Shard {
  item?: TimelineItem | undefined;
  /** Whether others had taken permits ahead of time when this was last a guess. */
  busy: boolean;
  /** Before that, nobody who cannot wait asks again, as long as the limit is what it was. */
  notBeforeUs: number;
  /** How long before its place a permit could be used by the limit under which that was found. */
  earlyUs: number;
}

/** Permits from the timelines that all environments share. */
export function sharedPermits(options: SharedPermitsOptions): PermitSource {
  const { key, settings, store, guard, skewUs, nowUs, random, onStoreCall, onWaste, onStoreError } = options;
  const meter = demandMeter();
  const shards = new Map<number, Shard>();
  let home = random();

  function timelineOfShard(count: number): Timeline {
    const { limit, perMs, burst } = settings;
    return timelineOf({ limit: limit / count, perMs, burst: burst / count }, { skewUs, replyUs: REPLY_US });
  }

  function shardAt(index: number): Shard {
    const known = shards.get(index) ?? { busy: false, notBeforeUs: 0, earlyUs: 0 };
    shards.set(index, known);
    return known;
  }

  function stepFor(shard: Shard, timeline: Timeline, request: PermitRequest): LimitStep | undefined {
    const now = nowUs();
    const latestUs = Math.max(now, request.latestUs);
    const needed = Math.min(request.needed, MOST_PERMITS);
    const soon = timeline.holdUs <= REPLY_US ? 0 : meter.certain(now, timeline.holdUs - REPLY_US / 2);
    const wanted = Math.min(needed + soon, MOST_PERMITS);
    const demand = { nowUs: now, needed, wanted, latestUs };
    const step = nextStep(timeline, { item: shard.item, busy: shard.busy }, demand);
    const early = latestUs === now && now < notBefore(shard, timeline);
    return early && step?.name !== 'clamp' ? undefined : step;
  }

  function learn(
    shard: Shard,
    timeline: Timeline,
    step: LimitStep,
    { applied, item }: LimitStepResult,
  ): void {
    const now = nowUs();
    const guessed = shard.item === undefined || shard.item.tatUs <= step.nowUs;
    if (guessed) shard.busy = applied ? step.name === 'extend' : item !== undefined && item.tatUs > now;
    shard.item = item;
    const availableUs = availableAtUs(timeline, item);
    const jitterUs = Math.min(LONGEST_JITTER_US, Math.max(timeline.earlyUs / 2, timeline.intervalUs / 4));
    shard.notBeforeUs = availableUs > now ? Math.ceil(availableUs + random() * jitterUs) : 0;
    shard.earlyUs = timeline.earlyUs;
  }

  function availableUs(shard: Shard, timeline: Timeline): number {
    return Math.max(notBefore(shard, timeline), availableAtUs(timeline, shard.item));
  }

  async function ask(index: number, count: number, request: PermitRequest): Promise<PermitAnswer> {
    const shard = shardAt(index);
    let late = false;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const timeline = timelineOfShard(count);
      const step = stepFor(shard, timeline, request);
      if (step === undefined) break;
      const answer = await guard(`take permits: ${step.name}`, () => {
        onStoreCall();
        return store.apply(count === 1 ? key : `${key}#${index}`, step, expiryOf(step));
      });
      if (answer.kind === 'none') return { kind: 'failed' };
      const { applied, item } = answer.value;
      learn(shard, timeline, step, answer.value);
      const permits = applied && item !== undefined ? permitsOf(timeline, step, item) : [];
      late = permits.length > 0 && permits.every(({ untilUs }) => untilUs < nowUs());
      if (permits.length > 0 && !late) return { kind: 'granted', permits };
      if (late) tellLate(permits);
    }
    if (late) return { kind: 'failed' };
    return { kind: 'denied', availableUs: availableUs(shard, timelineOfShard(count)) };
  }

  function tellLate(permits: readonly Span[]): void {
    onWaste(permits.length);
    onStoreError('take permits', new SpillwayError('the store answered too late to use what it gave'));
  }

  /** Ask one shard, and another one if there is nothing; remember where there was something. */
  async function askAround(
    indexes: readonly number[],
    count: number,
    request: PermitRequest,
  ): Promise<PermitAnswer> {
    let best: PermitAnswer | undefined;
    for (const index of indexes) {
      const answer = await ask(index, count, request);
      if (answer.kind === 'granted') home = index / count;
      if (answer.kind !== 'denied') return answer;
      if (best?.kind !== 'denied' || answer.availableUs < best.availableUs) best = answer;
    }
    return best ?? { kind: 'failed' };
  }

  /** The shard where there was something last time comes first, unless it is known to have less than the other. */
  function take(request: PermitRequest): PermitAnswer | Promise<PermitAnswer> {
    const count = shardsInUse(settings);
    const timeline = timelineOfShard(count);
    const first = Math.min(count - 1, Math.floor(home * count));
    const other = (first + 1 + Math.floor(random() * (count - 1))) % count;
    const both = count === 1 ? [first] : [first, other];
    const inUs = (index: number): number => Math.max(request.nowUs, availableUs(shardAt(index), timeline));
    both.sort((a, b) => inUs(a) - inUs(b));
    const open = both.filter((index) => stepFor(shardAt(index), timeline, request) !== undefined);
    if (open.length > 0) return askAround(open, count, request);
    return {
      kind: 'denied',
      availableUs: Math.min(...both.map(inUs)),
    };
  }

  return { note: (now) => meter.note(now), take };
}

/** What was found under another limit says nothing any more. */
function notBefore(shard: Shard, { earlyUs }: Timeline): number {
  return shard.earlyUs === earlyUs ? shard.notBeforeUs : 0;
}

function expiryOf(step: LimitStep): number {
  const lastUs =
    step.name === 'clamp' ? step.toUs : step.costUs + (step.name === 'begin' ? step.nowUs : step.mostUs);
  return (lastUs + KEEP_US) / 1_000;
}
