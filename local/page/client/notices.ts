import type { PageAlarm } from '../shared/model.ts';
import { element } from './dom.ts';
import { stateIcon } from './icons.ts';

/** What stands above everything else. */
export interface Notices {
  /** Tell of the alarms that call for somebody. */
  needsPerson(alarms: readonly PageAlarm[]): void;
  /** Tell that the stack does not answer. */
  lost(isLost: boolean): void;
}

/** Make the place of the notices. */
export function createNotices(host: HTMLElement): Notices {
  const person = element('div', { class: 'notice notice-alarm', role: 'alert', hidden: true });
  const lost = element(
    'div',
    { class: 'notice notice-lost', role: 'alert', hidden: true },
    element('strong', {}, 'The stack does not answer.'),
    ' It has stopped, or is about to start. What you see is what it said last; this page goes on by itself once it is back.',
  );
  host.replaceChildren(lost, person);
  let shown = '';
  return {
    needsPerson(alarms) {
      const calling = alarms.filter(({ needsPerson, state }) => needsPerson && state === 'ALARM');
      const key = calling.map(({ arn, reason }) => `${arn} ${reason}`).join('\n');
      if (key === shown) return;
      shown = key;
      person.hidden = calling.length === 0;
      person.replaceChildren(...calling.map((alarm) => call(alarm, alarms)));
    },
    lost(isLost) {
      lost.hidden = !isLost;
    },
  };
}

function call({ title, reason, children }: PageAlarm, alarms: readonly PageAlarm[]): HTMLElement {
  const because = alarms.filter(
    ({ arn, state }) => state === 'ALARM' && children.some((child) => child.arn === arn && !child.excuses),
  );
  const causes = because.map((alarm) =>
    element('li', {}, element('b', {}, alarm.title), `: ${alarm.reason}`),
  );
  return element(
    'div',
    { class: 'call' },
    stateIcon('ALARM'),
    element(
      'div',
      {},
      element('strong', {}, `This needs a person: ${title}`),
      causes.length > 0 ? element('ul', {}, ...causes) : element('p', {}, reason),
    ),
  );
}
