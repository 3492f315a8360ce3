import type { Clock } from './clock.ts';

/** How a lookup is cached. */
export interface LookupCacheOptions<T> {
  readonly clock: Clock;
  /** How long an answer is good. Milliseconds. */
  readonly goodForMs: number;
  /** Answers that are kept; the oldest go first. */
  readonly mostEntries: number;
  readonly lookUp: (key: string) => Promise<T>;
}

/**
 * Remember answers for a while. Who asks for what is being looked up waits for that answer; a failure is not
 * remembered.
 */
export function lookupCache<T>({ clock, goodForMs, mostEntries, lookUp }: LookupCacheOptions<T>) {
  const entries = new Map<string, { readonly answer: Promise<T>; readonly until: number }>();
  return (key: string): Promise<T> => {
    const known = entries.get(key);
    if (known !== undefined && clock.now() < known.until) return known.answer;
    entries.delete(key);
    const answer = lookUp(key);
    const entry = { answer, until: clock.now() + goodForMs };
    entries.set(key, entry);
    answer.catch(() => {
      if (entries.get(key) === entry) entries.delete(key);
    });
    for (const oldest of entries.keys()) {
      if (entries.size <= mostEntries) break;
      entries.delete(oldest);
    }
    return answer;
  };
}
