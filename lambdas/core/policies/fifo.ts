/** One who stands in a {@link Fifo}. */
export interface Place {
  /** Whether somebody still stands there. */
  readonly taken: boolean;
  /** Step out, from wherever in the line; whoever has stepped out already stays out. */
  leave(): void;
}

/** First in, first out; anybody may step out at any time. Every step takes the same time, however long the line is. */
export interface Fifo<T> {
  readonly size: number;
  /** Who has stood for longest. */
  readonly first: T | undefined;
  add(value: T): Place;
}

interface Link<T> {
  readonly value: T;
  before: Link<T> | undefined;
  behind: Link<T> | undefined;
  taken: boolean;
}

/**
 * Make an empty line: a doubly linked list, since a Set that loses its first member again and again has to step over
 * the holes each time, and an array moves up.
 *
 * @example
 * const line = fifo<string>();
 * const place = line.add('ann');
 * line.add('bob');
 * place.leave();
 * line.first; // bob
 */
export function fifo<T>(): Fifo<T> {
  let first: Link<T> | undefined;
  let last: Link<T> | undefined;
  let size = 0;

  function add(value: T): Place {
    const link: Link<T> = { value, before: last, behind: undefined, taken: true };
    if (last === undefined) first = link;
    else last.behind = link;
    last = link;
    size += 1;
    return {
      leave: () => remove(link),
      get taken() {
        return link.taken;
      },
    };
  }

  function remove(link: Link<T>): void {
    if (!link.taken) return;
    link.taken = false;
    if (link.before === undefined) first = link.behind;
    else link.before.behind = link.behind;
    if (link.behind === undefined) last = link.before;
    else link.behind.before = link.before;
    size -= 1;
  }

  return {
    add,
    get size() {
      return size;
    },
    get first() {
      return first?.value;
    },
  };
}
