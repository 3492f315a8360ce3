import type { DeadLetterCount, DeadLetterCounts } from '../core/kill-switch.ts';
import type { Faults } from './faults.ts';

interface Count {
  begun: number;
  finished: number;
  readonly byFault: Map<string, number>;
}

/** What kill switches count, in memory, by consumer and half of the window. Adding is an operation of the state table. */
export class MemoryDeadLetterCounts {
  readonly #items = new Map<string, Count>();
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** The counts of one consumer. */
  of(consumerId: string): DeadLetterCounts {
    const itemOf = (bucket: number) =>
      this.#items.get(`${consumerId}\n${bucket}`) ?? {
        begun: 0,
        finished: 0,
        byFault: new Map<string, number>(),
      };
    return {
      add: async (bucket, { fingerprint, begun, finished }) => {
        this.#faults.operate('state-table');
        const item = itemOf(bucket);
        item.begun += begun;
        item.finished += finished;
        item.byFault.set(fingerprint, (item.byFault.get(fingerprint) ?? 0) + 1);
        this.#items.set(`${consumerId}\n${bucket}`, item);
        return copyOf(item);
      },
      read: async (bucket) => copyOf(itemOf(bucket)),
    };
  }
}

function copyOf({ begun, finished, byFault }: DeadLetterCount): DeadLetterCount {
  return { begun, finished, byFault: new Map(byFault) };
}
