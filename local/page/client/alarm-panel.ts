import type { PageAlarm } from '../shared/model.ts';
import { type AlarmItem, alarmItem } from './alarm-item.ts';
import { element, setText } from './dom.ts';
import { STATE_NAMES, STATES, shownState, stateBadge } from './icons.ts';
import type { PageClock } from './moments.ts';

/** All alarms of the stack. */
export interface AlarmPanel {
  update(alarms: readonly PageAlarm[]): void;
  /** Title of the page: how many alarms are on. */
  title(): string;
}

const TITLE = 'Spillway local stack';
const TICK_MS = 1_000;

/** Make the panel of alarms; changes of states are told to the announcer, which screen readers listen to. */
export function createAlarmPanel(host: HTMLElement, announcer: HTMLElement, clock: PageClock): AlarmPanel {
  const counts = element('ul', { class: 'counts' });
  const list = element('ul', { class: 'alarm-list' });
  const empty = element('p', { class: 'empty', hidden: true }, 'This stack has no alarms.');
  host.replaceChildren(
    element('div', { class: 'section-head' }, element('h2', { id: 'alarms-title' }, 'Alarms'), counts),
    list,
    empty,
  );
  const items = new Map<string, AlarmItem>();
  let known: readonly PageAlarm[] = [];
  let countsShown = '';
  setInterval(() => {
    for (const item of items.values()) item.tick(clock.now());
  }, TICK_MS);

  return {
    update(alarms) {
      announce(announcer, known, alarms);
      known = alarms;
      empty.hidden = alarms.length > 0;
      const sorted = [...alarms].sort(byUrgency);
      for (const [at, alarm] of sorted.entries()) {
        const item = items.get(alarm.arn) ?? alarmItem();
        items.set(alarm.arn, item);
        item.update(alarm, alarms, clock.now());
        // Only what has changed its place moves: what is focused or unfolded stays so.
        if (list.children[at] !== item.element) list.insertBefore(item.element, list.children[at] ?? null);
      }
      const next = STATES.map((state) => alarms.filter((alarm) => shownState(alarm) === state).length);
      if (next.join() === countsShown) return;
      countsShown = next.join();
      counts.replaceChildren(
        ...STATES.flatMap((state, at) =>
          next[at] === 0 ? [] : [element('li', {}, element('b', {}, String(next[at])), stateBadge(state))],
        ),
      );
    },
    title() {
      const on = known.filter((alarm) => shownState(alarm) === 'ALARM').length;
      return on === 0 ? TITLE : `(${on}) ${TITLE}`;
    },
  };
}

function byUrgency(one: PageAlarm, other: PageAlarm): number {
  return (
    STATES.indexOf(shownState(one)) - STATES.indexOf(shownState(other)) ||
    Number(other.needsPerson) - Number(one.needsPerson) ||
    one.title.localeCompare(other.title)
  );
}

function announce(announcer: HTMLElement, before: readonly PageAlarm[], after: readonly PageAlarm[]): void {
  const changes = after.filter(({ arn, state }) => {
    const former = before.find((alarm) => alarm.arn === arn);
    return former !== undefined && former.state !== state;
  });
  if (changes.length === 0) return;
  setText(announcer, changes.map(({ title, state }) => `${title}: ${STATE_NAMES[state]}`).join('. '));
}
