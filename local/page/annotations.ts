import { booleanAt, isObject, numberAt, stringAt } from '../json.ts';
import type { HorizontalAnnotation, VerticalAnnotation } from './shared/model.ts';

/** Read the lines and bands across a chart; those that are not visible or have no value are left out. */
export function readHorizontal(annotations: readonly unknown[]): readonly HorizontalAnnotation[] {
  return annotations.flatMap((annotation) => {
    const [first, second] = edges(annotation);
    const value = numberAt(first, 'value');
    if (value === undefined || !isVisible(first)) return [];
    const to = numberAt(second, 'value');
    const fill = stringAt(first, 'fill');
    return [
      {
        value,
        ...(to !== undefined && { to }),
        ...labelAndColor(first, second),
        fill: fill === 'above' || fill === 'below' ? fill : ('none' as const),
        axis: stringAt(first, 'yAxis') === 'right' ? ('right' as const) : ('left' as const),
      },
    ];
  });
}

/** Read the moments and times that are marked in a chart; values are ISO 8601. */
export function readVertical(annotations: readonly unknown[]): readonly VerticalAnnotation[] {
  return annotations.flatMap((annotation) => {
    const [first, second] = edges(annotation);
    const atEpochMs = momentAt(first);
    if (atEpochMs === undefined || !isVisible(first)) return [];
    const toEpochMs = momentAt(second);
    const fill = stringAt(first, 'fill');
    return [
      {
        atEpochMs,
        ...(toEpochMs !== undefined && { toEpochMs }),
        ...labelAndColor(first, second),
        fill: fill === 'before' || fill === 'after' ? fill : ('none' as const),
      },
    ];
  });
}

/** A band is written as a pair, a line alone. */
function edges(annotation: unknown): readonly [unknown, unknown] {
  return Array.isArray(annotation) ? [annotation[0], annotation[1]] : [annotation, undefined];
}

function isVisible(annotation: unknown): boolean {
  return booleanAt(annotation, 'visible') ?? true;
}

function momentAt(annotation: unknown): number | undefined {
  const moment = Date.parse(stringAt(annotation, 'value') ?? '');
  return Number.isNaN(moment) ? undefined : moment;
}

function labelAndColor(first: unknown, second: unknown): { label: string; color?: string } {
  const label = [stringAt(first, 'label'), stringAt(second, 'label')].filter((text) => text !== undefined);
  const color = stringAt(first, 'color') ?? (isObject(second) ? stringAt(second, 'color') : undefined);
  return { label: label.join(' to '), ...(color !== undefined && { color }) };
}
