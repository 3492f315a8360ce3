import type { LocalAlarm } from '../cloudwatch/cloudwatch.ts';
import { stringAt } from '../json.ts';
import { readableName } from './readable-name.ts';
import type { PageAlarm, PageAlarmChild } from './shared/model.ts';

/** Changes of an alarm that the page is told. */
const HISTORY = 20;

/** A function of an alarm rule, the name or ARN it is about, with or without quotes, and whether `NOT` stands before it. */
const RULE_PART =
  /(?<not>\bNOT[\s(]+)?\b(?:ALARM|OK|INSUFFICIENT_DATA)\(\s*(?:"([^"]+)"|'([^']+)'|([^"'()\s]+))\s*\)/g;

/** The alarms of the template as the page shows them. */
export function pageAlarms(alarms: readonly LocalAlarm[]): readonly PageAlarm[] {
  const titles = alarms.map((alarm) => [alarm.arn, readableName(alarm)] as const);
  /** A reason with the titles of alarms in the place of their ARNs. */
  const readable = (reason: string): string =>
    titles.reduce((text, [arn, title]) => text.replaceAll(arn, () => title), reason);
  const excuses = new Set(
    alarms
      .filter(({ kind }) => kind === 'composite')
      .flatMap((alarm) => childrenOf(alarm, alarms))
      .flatMap((child) => (child.excuses ? [child.arn] : [])),
  );
  return alarms.map((alarm) => {
    const { arn, name, stack, constructPath, kind, description, state, reason, sinceEpochMs, history } =
      alarm;
    return {
      arn,
      name,
      title: readableName(alarm),
      stack,
      constructPath,
      kind,
      description,
      state,
      reason: readable(reason),
      sinceEpochMs,
      history: history
        .slice(-HISTORY)
        .reverse()
        .map((change) => ({ ...change, reason: readable(change.reason) })),
      children: kind === 'composite' ? childrenOf(alarm, alarms) : [],
      needsPerson: kind === 'composite' && tellsOfAPerson(alarm),
      excuses: excuses.has(arn),
    };
  });
}

function childrenOf({ properties }: LocalAlarm, alarms: readonly LocalAlarm[]): readonly PageAlarmChild[] {
  const rule = stringAt(properties, 'AlarmRule') ?? '';
  const named = new Map<string, boolean>();
  for (const [, not, double, single, bare] of rule.matchAll(RULE_PART)) {
    const id = double ?? single ?? bare ?? '';
    named.set(id, (named.get(id) ?? true) && not !== undefined);
  }
  return [...named].map(([id, excuses]) => {
    const found = alarms.find((each) => each.arn === id || each.name === id);
    if (found === undefined) return { arn: id, title: id, excuses };
    return { arn: found.arn, title: readableName(found), excuses };
  });
}

/** The composite alarm of a consumer that calls somebody; constructs name it so. */
function tellsOfAPerson({ logicalId, constructPath, name }: LocalAlarm): boolean {
  return [logicalId, constructPath, name].some((text) => /needs-?a?-?person/i.test(text));
}
