import type { Clock } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import type { SharedCircuit } from './shared-circuit-options.ts';
import type { CircuitBatchStore, CircuitItem, CircuitStore } from './shared-item.ts';

/** A store whose reads serve several circuits at once. */
export interface JointReads {
  /** What the circuits are made on. */
  readonly store: CircuitStore;
  /** Let a circuit take part: it learns from the others' reads, and they from its own. */
  add(key: string, circuit: Pick<SharedCircuit, 'learn'>): void;
}

/** Who asks while a request is under way waits for that one, unless it takes this long already. Milliseconds. */
const JOIN_MS = 250;

interface Round {
  readonly askedAt: number;
  readonly items: Promise<ReadonlyMap<string, CircuitItem | undefined>>;
}

/**
 * Read the circuits of a consumer together: when one of them has to be read, one request fetches all, and the others
 * learn what came with it. So an environment makes one request in each cache time, however many circuits it has. A
 * consistent read is about one circuit alone, and stays that.
 */
export function jointReads(store: CircuitBatchStore, clock: Clock): JointReads {
  const circuits = new Map<string, Pick<SharedCircuit, 'learn'>>();
  let underWay: Round | undefined;

  function ask(): Round {
    const askedAt = clock.now();
    if (underWay !== undefined && askedAt - underWay.askedAt < JOIN_MS) return underWay;
    const round = { askedAt, items: fetchAll(askedAt) };
    underWay = round;
    const ended = (): void => {
      if (underWay === round) underWay = undefined;
    };
    round.items.then(ended, ended);
    return round;
  }

  async function fetchAll(askedAt: number): Promise<ReadonlyMap<string, CircuitItem | undefined>> {
    const found = await store.readAll([...circuits.keys()]);
    for (const [key, item] of found) circuits.get(key)?.learn(item, askedAt);
    return found;
  }

  return {
    store: {
      apply: (key, step) => store.apply(key, step),
      async read(key, consistent) {
        if (consistent || !circuits.has(key)) return store.read(key, consistent);
        const found = await ask().items;
        if (!found.has(key)) throw new SpillwayError(`the store left "${key}" unanswered`);
        return found.get(key);
      },
    },
    add: (key, circuit) => void circuits.set(key, circuit),
  };
}
