import type { PageSeries } from '../../shared/model.ts';

/** The time that is shown. Epoch milliseconds. */
export interface TimeSpan {
  readonly startEpochMs: number;
  readonly endEpochMs: number;
}

/** The drawing of a chart, one for each view. */
export interface ChartBody {
  readonly element: HTMLElement;
  draw(series: readonly PageSeries[], time: TimeSpan): void;
  destroy(): void;
}
