import type { AlarmStateName } from '../shared/model.ts';
import { element, svg } from './dom.ts';

/** The states of an alarm, most urgent first. */
export const STATES: readonly AlarmStateName[] = ['ALARM', 'INSUFFICIENT_DATA', 'OK'];

/** What the states of an alarm are called on the page. */
export const STATE_NAMES: Readonly<Record<AlarmStateName, string>> = {
  ALARM: 'In alarm',
  INSUFFICIENT_DATA: 'No data',
  OK: 'OK',
};

const SHAPES: Readonly<Record<AlarmStateName, string>> = {
  ALARM: 'M8 1.6 15.2 14.4H.8zM8 6v4M8 11.8v.4',
  INSUFFICIENT_DATA: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.8 8h6.4',
  OK: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.8 8.2l2.2 2.2 4.2-4.6',
};

/** The state of an alarm: a shape and a word, so that nobody has to tell colours apart. */
export function stateBadge(state: AlarmStateName): HTMLElement {
  return element('span', { class: `state state-${state}` }, stateIcon(state), STATE_NAMES[state]);
}

/** The shape alone, for where the word stands beside it. */
export function stateIcon(state: AlarmStateName): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' },
    svg('path', { d: SHAPES[state] }),
  );
}
