import type { AlarmsWidget, PageAlarm } from '../../shared/model.ts';
import { ago } from '../../shared/time.ts';
import { element } from '../dom.ts';
import { STATES, shownState, stateBadge } from '../icons.ts';
import { dayAndTime, type PageClock } from '../moments.ts';
import type { DrawnWidget } from './drawn-widget.ts';

/** Draw a list of alarms, with why they are in their states. */
export function alarmListWidget(widget: AlarmsWidget, clock: PageClock): DrawnWidget {
  const list = element('ul', { class: 'widget-alarms' });
  const head = element('h3', { class: 'widget-title' }, widget.title === '' ? 'Alarms' : widget.title);
  let shown = '';
  return {
    element: element('div', { class: 'widget', 'data-kind': 'alarms' }, head, list),
    update({ alarms }) {
      const rows = chosen(widget, alarms).map((alarm) => ({
        alarm,
        since: ago(clock.now() - alarm.sinceEpochMs),
      }));
      const key = JSON.stringify(
        rows.map(({ alarm: { arn, state, reason }, since }) => [arn, state, reason, since]),
      );
      if (key === shown) return;
      shown = key;
      list.replaceChildren(...rows.map(({ alarm, since }) => entry(alarm, since)));
      if (rows.length === 0)
        list.append(element('li', { class: 'empty' }, 'None of its alarms is to be shown now.'));
    },
    destroy: () => undefined,
  };
}

/**
 * By name; by state and then by time; or by time alone, the latest first.
 *
 * Source: `sortBy` in https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
function chosen({ arns, states, sortBy }: AlarmsWidget, alarms: readonly PageAlarm[]): readonly PageAlarm[] {
  const found = arns.flatMap((arn) => alarms.filter((alarm) => alarm.arn === arn));
  const wanted = found.filter(({ state }) => states?.includes(state) ?? true);
  const byUrgency = (one: PageAlarm, other: PageAlarm): number =>
    sortBy === 'stateUpdatedTimestamp' ? STATES.indexOf(one.state) - STATES.indexOf(other.state) : 0;
  return wanted.sort((one, other) =>
    sortBy === 'default'
      ? one.title.localeCompare(other.title)
      : byUrgency(one, other) || other.sinceEpochMs - one.sinceEpochMs,
  );
}

function entry(alarm: PageAlarm, since: string): HTMLElement {
  const { title, reason, sinceEpochMs } = alarm;
  const state = shownState(alarm);
  return element(
    'li',
    { 'data-state': state },
    stateBadge(state),
    element('span', { class: 'alarm-name' }, title),
    element(
      'time',
      { datetime: new Date(sinceEpochMs).toISOString(), title: dayAndTime(sinceEpochMs) },
      since,
    ),
    element('span', { class: 'alarm-reason' }, reason),
  );
}
