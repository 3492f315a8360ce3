import type { PageSeries } from '../../shared/model.ts';
import { shortNumber } from '../../shared/number.ts';
import { element, setText } from '../dom.ts';
import { newest } from './drawn-widget.ts';
import { swatch } from './table.ts';

/** The names and values of the series of a chart. */
export interface Legend {
  readonly element: HTMLElement;
  /** Name the series, with their newest values. */
  name(series: readonly PageSeries[]): void;
  /** Show values of another moment, or the newest again. */
  point(values: readonly (number | null | undefined)[] | undefined): void;
}

/** So many silent series are named all the same. */
const FEW = 3;

/** Make a legend. Its values follow the pointer over the chart; many series without values are counted, not named. */
export function legend(): Legend {
  const list = element('ul', { class: 'legend' });
  let cells: readonly HTMLElement[] = [];
  let shown = '';
  let series: readonly PageSeries[] = [];
  let pointed: readonly (number | null | undefined)[] | undefined;
  const fill = (): void => {
    const values = pointed ?? series.map(newest);
    for (const [at, cell] of cells.entries()) setText(cell, shortNumber(values[at]));
  };
  return {
    element: list,
    name(given) {
      series = given;
      const silent = given.filter(({ values }) => values.length === 0).length;
      const isNamed = (each: PageSeries | undefined): boolean => silent <= FEW || each?.values.length !== 0;
      const key = JSON.stringify(given.map((each) => [each.label, each.color, isNamed(each)]));
      if (key !== shown) {
        shown = key;
        cells = given.map(() => element('span', { class: 'value' }));
        const items = given.map(({ label, color }, at) =>
          element('li', {}, swatch(at, color), element('span', { class: 'name' }, label), cells[at] ?? ''),
        );
        list.replaceChildren(...items.filter((_item, at) => isNamed(given[at])));
        if (silent > FEW) list.append(element('li', { class: 'empty' }, `${silent} without data`));
      }
      fill();
    },
    point(values) {
      pointed = values;
      fill();
    },
  };
}

/** A sentence for each series: what the picture says, for those who do not see it. */
export function describeSeries(series: readonly PageSeries[]): string {
  const parts = series.map(({ label, values }) => {
    if (values.length === 0) return `${label} has no datapoints`;
    const range = `between ${shortNumber(Math.min(...values))} and ${shortNumber(Math.max(...values))}`;
    return `${label} is ${shortNumber(values.at(-1))}, ${range}`;
  });
  return parts.join('; ');
}
