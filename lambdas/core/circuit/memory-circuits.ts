import type { CircuitBatchStore, CircuitField, CircuitItem, CircuitStep, StepResult } from './shared-item.ts';

type Draft = { -readonly [Field in CircuitField]?: CircuitItem[Field] };

/** Circuits in the memory of this process: of a service that shares them with nobody, and of tests. */
export function memoryCircuits(): CircuitBatchStore {
  const items = new Map<string, CircuitItem>();
  return {
    read: async (key) => items.get(key),
    readAll: async (keys) => new Map(keys.map((key) => [key, items.get(key)])),
    async apply(key, step) {
      const result = takeStep(items.get(key), step);
      if (result.applied && result.item !== undefined) items.set(key, result.item);
      return result;
    },
  };
}

/** Take a step from an item; the reference for what it means in any store. */
export function takeStep(item: CircuitItem | undefined, step: CircuitStep): StepResult {
  if (!holds(item, step)) return { applied: false, item };
  const { set, setIfMissing = {}, copy = {}, add = {}, raiseVersionFrom, remove = [] } = step;
  const next: Draft = { ...setIfMissing, ...item, ...set };
  for (const [to, from] of entriesOf(copy)) next[to] = item?.[from] ?? 0;
  for (const [field, by] of entriesOf(add)) next[field] = (item?.[field] ?? 0) + by;
  if (raiseVersionFrom !== undefined) next.version = (item?.version ?? raiseVersionFrom) + 1;
  for (const field of remove) delete next[field];
  const { version, state, ...rest } = next;
  if (version === undefined || state === undefined) {
    throw new RangeError(`step "${step.name}" leaves a circuit without version or state`);
  }
  return { applied: true, item: { version, state, ...rest } };
}

function holds(item: CircuitItem | undefined, { when = {} }: CircuitStep): boolean {
  const { orMissing, version, state, leaseOwner, bucket, orNoBucket, leaseFreeAt } = when;
  if (item === undefined) return orMissing === true || Object.keys(when).length === 0;
  return (
    (version === undefined || item.version === version) &&
    (state === undefined || item.state === state) &&
    (leaseOwner === undefined || item.leaseOwner === leaseOwner) &&
    (bucket === undefined || item.bucket === bucket || (orNoBucket === true && item.bucket === undefined)) &&
    (leaseFreeAt === undefined || item.leaseOwner === undefined || (item.leaseUntil ?? 0) <= leaseFreeAt)
  );
}

function entriesOf<Key extends string, Value>(record: Partial<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}
