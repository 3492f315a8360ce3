/** Reading the fields that HTTP clients, the AWS SDK and Node put on their errors, without trusting any of them. */

const DEEPEST_CAUSE = 6;
const MOST_CAUSES = 50;

/** The error, its causes, and the members of aggregate errors, outermost first, each once; bounded in depth and number. */
export function causes(error: unknown): readonly object[] {
  const found = new Set<object>();
  collect(error, 0, found);
  return [...found];
}

function collect(error: unknown, depth: number, found: Set<object>): void {
  if (typeof error !== 'object' || error === null || depth > DEEPEST_CAUSE) return;
  if (found.size >= MOST_CAUSES || found.has(error)) return;
  found.add(error);
  collect(field(error, 'cause'), depth + 1, found);
  if (!isInstance(error, AggregateError)) return;
  const members = field(error, 'errors');
  for (const member of membersOf(members)) collect(member, depth + 1, found);
}

function membersOf(list: unknown): readonly unknown[] {
  try {
    return Array.isArray(list) ? list.slice(0, MOST_CAUSES) : [];
  } catch {
    return [];
  }
}

/** `instanceof`, for values that may be proxies: a trap that throws means no. */
export function isInstance<T>(value: unknown, type: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** HTTP status that an error carries, as fetch wrappers, axios, got, undici and the AWS SDK write it. */
export function httpStatusOf(error: object): number | undefined {
  for (const holder of [
    error,
    field(error, 'response'),
    field(error, '$metadata'),
    field(error, '$response'),
  ]) {
    if (typeof holder !== 'object' || holder === null) continue;
    for (const name of ['status', 'statusCode', 'httpStatusCode']) {
      const value = field(holder, name);
      if (typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599) return value;
    }
  }
  return undefined;
}

/** A response header that an error carries: a `Headers` object or a plain one, with any case. */
export function headerOf(error: object, name: string): string | undefined {
  for (const holder of [field(error, 'response'), field(error, '$response'), error]) {
    if (typeof holder !== 'object' || holder === null) continue;
    const headers = field(holder, 'headers');
    if (isInstance(headers, Headers)) {
      const value = headers.get(name);
      if (value !== null) return value;
    } else if (typeof headers === 'object' && headers !== null) {
      const key = keysOf(headers).find((candidate) => candidate.toLowerCase() === name);
      const value = key === undefined ? undefined : field(headers, key);
      if (typeof value === 'string' || typeof value === 'number') return String(value);
    }
  }
  return undefined;
}

/** A field that holds text. */
export function textField(holder: object, name: string): string | undefined {
  const value = field(holder, name);
  return typeof value === 'string' ? value : undefined;
}

/** A field that holds a finite number. */
export function numberField(holder: object, name: string): number | undefined {
  const value = field(holder, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function keysOf(holder: object): readonly string[] {
  try {
    return Object.keys(holder);
  } catch {
    return [];
  }
}

/** A field that holds an object. */
export function objectField(holder: object, name: string): object | undefined {
  const value = field(holder, name);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** Whatever a field holds. */
export function field(holder: object, name: string): unknown {
  try {
    return Reflect.get(holder, name);
  } catch {
    return undefined; // a getter or proxy that throws has no such field for us
  }
}
