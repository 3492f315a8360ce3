import type { PageAlarm } from '../shared/model.ts';
import { ago } from '../shared/time.ts';
import { element, setText } from './dom.ts';
import { STATE_NAMES, shownState, stateBadge } from './icons.ts';
import { dayAndTime, timeOfDay } from './moments.ts';

/** One alarm in the panel. */
export interface AlarmItem {
  readonly element: HTMLElement;
  update(alarm: PageAlarm, all: readonly PageAlarm[], nowEpochMs: number): void;
  tick(nowEpochMs: number): void;
}

/** Make the place of an alarm: state, name, since when and why; unfolded, its history and what it is made of. */
export function alarmItem(): AlarmItem {
  const badge = element('span', { class: 'badge' });
  const name = element('span', { class: 'alarm-name' });
  const since = element('time', { class: 'alarm-since' });
  const reason = element('span', { class: 'alarm-reason' });
  const details = element('div', { class: 'alarm-details' });
  const item = element(
    'li',
    { class: 'alarm' },
    element(
      'details',
      {},
      element('summary', {}, badge, name, element('span', { class: 'alarm-why' }, since, reason)),
      details,
    ),
  );
  let sinceEpochMs = 0;
  let shown = '';
  const tick = (nowEpochMs: number): void => setText(since, ago(nowEpochMs - sinceEpochMs));
  return {
    element: item,
    tick,
    update(alarm, all, nowEpochMs) {
      sinceEpochMs = alarm.sinceEpochMs;
      const children = alarm.children.map(({ arn }) => all.find((each) => each.arn === arn)?.state);
      const key = JSON.stringify([
        alarm.state,
        alarm.reason,
        alarm.sinceEpochMs,
        alarm.history.length,
        children,
      ]);
      if (key !== shown) {
        shown = key;
        item.dataset.state = shownState(alarm);
        badge.replaceChildren(stateBadge(shownState(alarm)));
        setText(name, alarm.title);
        setText(reason, alarm.reason);
        since.dateTime = new Date(alarm.sinceEpochMs).toISOString();
        since.title = dayAndTime(alarm.sinceEpochMs);
        details.replaceChildren(...describe(alarm, all));
      }
      tick(nowEpochMs);
    },
  };
}

function describe(alarm: PageAlarm, all: readonly PageAlarm[]): HTMLElement[] {
  return [
    ...(alarm.description === '' ? [] : [element('p', {}, alarm.description)]),
    element(
      'dl',
      {},
      element('dt', {}, 'Reason'),
      element('dd', {}, alarm.reason),
      element('dt', {}, 'Since'),
      element('dd', {}, dayAndTime(alarm.sinceEpochMs)),
      element('dt', {}, 'Name'),
      element('dd', {}, alarm.name),
      element('dt', {}, 'Construct'),
      element('dd', {}, alarm.constructPath),
    ),
    ...(alarm.children.length === 0 ? [] : madeOf(alarm, all)),
    element('h3', {}, 'History'),
    alarm.history.length === 0
      ? element('p', { class: 'empty' }, 'It has not changed yet.')
      : element('ol', { class: 'history' }, ...alarm.history.map(historyEntry)),
  ];
}

function madeOf({ children }: PageAlarm, all: readonly PageAlarm[]): HTMLElement[] {
  const items = children.map(({ arn, title, excuses }) => {
    const found = all.find((alarm) => alarm.arn === arn);
    const badge = found === undefined ? 'not of this stack' : stateBadge(shownState(found));
    return element('li', {}, badge, ' ', title, excuses ? ' (excuses others)' : '');
  });
  return [element('h3', {}, 'Goes by'), element('ul', { class: 'children' }, ...items)];
}

function historyEntry({ atEpochMs, from, to, reason }: PageAlarm['history'][number]): HTMLElement {
  const time = element(
    'time',
    { datetime: new Date(atEpochMs).toISOString(), title: dayAndTime(atEpochMs) },
    timeOfDay(atEpochMs),
  );
  return element('li', {}, time, ` ${STATE_NAMES[from]} → ${STATE_NAMES[to]}`, element('p', {}, reason));
}
