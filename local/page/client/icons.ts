import type { AlarmStateName } from '../shared/model.ts';
import { element, svg } from './dom.ts';

/** State of an alarm as the page shows it: one that excuses others is on, but no alarm. */
export type ShownState = AlarmStateName | 'EXCUSE';

/** The states of an alarm, most urgent first. */
export const STATES: readonly ShownState[] = ['ALARM', 'EXCUSE', 'INSUFFICIENT_DATA', 'OK'];

/** How the page shows an alarm's state. */
export function shownState({ state, excuses }: { state: AlarmStateName; excuses: boolean }): ShownState {
  return state === 'ALARM' && excuses ? 'EXCUSE' : state;
}

/** What the states of an alarm are called on the page. */
export const STATE_NAMES: Readonly<Record<ShownState, string>> = {
  ALARM: 'In alarm',
  EXCUSE: 'Excuse',
  INSUFFICIENT_DATA: 'No data',
  OK: 'OK',
};

const SHAPES: Readonly<Record<ShownState, string>> = {
  EXCUSE: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM8 7v4.4M8 4.6v.4',
  ALARM: 'M8 1.6 15.2 14.4H.8zM8 6v4M8 11.8v.4',
  INSUFFICIENT_DATA: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.8 8h6.4',
  OK: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM4.8 8.2l2.2 2.2 4.2-4.6',
};

/** The state of an alarm: a shape and a word, so that nobody has to tell colours apart. */
export function stateBadge(state: ShownState): HTMLElement {
  return element('span', { class: `state state-${state}` }, stateIcon(state), STATE_NAMES[state]);
}

/** The shape alone, for where the word stands beside it. */
export function stateIcon(state: ShownState): SVGElement {
  return svg(
    'svg',
    { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true' },
    svg('path', { d: SHAPES[state] }),
  );
}
