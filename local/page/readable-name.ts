/** What can be called by a name of its own or by its construct. */
export interface Named {
  readonly name: string;
  readonly stack: string;
  readonly logicalId: string;
  readonly constructPath: string;
}

/** Longest part of a logical id that CloudFormation puts into every name that it makes up. */
const KEPT = 20;

/** Parts of a path that say nothing to a reader: they only hold together, or are the resource within its construct. */
const SILENT = new Set(['Alarms', 'Resource', 'Default']);

/**
 * What a person would call an alarm or a dashboard: the name that somebody gave it; where CloudFormation made one up,
 * the path of the construct within its stack.
 *
 * @example
 * readableName({ name: 'Shop-OrdersAlarmsQueueAgeE0D2-1X', logicalId: 'OrdersAlarmsQueueAgeE0D2', ... }); // 'Orders / QueueAge'
 */
export function readableName({ name, stack, logicalId, constructPath }: Named): string {
  if (!name.includes(logicalId.slice(0, KEPT))) return name;
  const path = constructPath.startsWith(`${stack}/`) ? constructPath.slice(stack.length + 1) : constructPath;
  const parts = path.split('/').filter((part) => !SILENT.has(part));
  const told = parts.filter((part, at) => part !== parts[at - 1]).join(' / ');
  return told === '' ? name : told;
}
