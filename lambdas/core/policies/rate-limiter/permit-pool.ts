import type { Span } from './gcra.ts';

/** Permits of one environment that nobody uses yet, in the order of their places. */
export interface PermitPool {
  /** Permits that are there, those whose time is yet to come included. */
  readonly size: number;
  /** When the first one may be used. */
  readonly firstUs: number | undefined;
  /** The permit in that place of the line. */
  at(index: number): Span | undefined;
  add(permits: readonly Span[]): void;
  /** The first one, if it may be used now. What has expired is thrown away. */
  take(nowUs: number): Span | undefined;
}

/** @param onWaste told of permits that expired unused */
export function permitPool(onWaste: (permits: number) => void): PermitPool {
  const permits: Span[] = [];
  return {
    get size() {
      return permits.length;
    },
    get firstUs() {
      return permits[0]?.fromUs;
    },
    at: (index) => permits[index],
    add(more) {
      const last = permits.at(-1);
      const [first] = more;
      const inOrder = last === undefined || first === undefined || last.fromUs <= first.fromUs;
      permits.push(...more);
      if (!inOrder) permits.sort((a, b) => a.fromUs - b.fromUs);
    },
    take(nowUs) {
      const usable = permits.findIndex(({ untilUs }) => untilUs >= nowUs);
      const expired = usable < 0 ? permits.length : usable;
      if (expired > 0) {
        permits.splice(0, expired);
        onWaste(expired);
      }
      const [first] = permits;
      return first !== undefined && first.fromUs <= nowUs ? permits.shift() : undefined;
    },
  };
}
