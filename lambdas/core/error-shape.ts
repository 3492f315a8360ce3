/** Reading the fields that HTTP clients, the AWS SDK and Node put on their errors, without trusting any of them. */

const DEEPEST_CAUSE = 6;

/** The error, its causes, and the members of aggregate errors, outermost first; at most a few levels deep. */
export function* causes(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > DEEPEST_CAUSE) return;
  yield error;
  yield* causes(field(error, 'cause'), depth + 1);
  const members = field(error, 'errors');
  if (error instanceof AggregateError && Array.isArray(members)) {
    for (const member of members) yield* causes(member, depth + 1);
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
    if (headers instanceof Headers) {
      const value = headers.get(name);
      if (value !== null) return value;
    } else if (typeof headers === 'object' && headers !== null) {
      const key = Object.keys(headers).find((candidate) => candidate.toLowerCase() === name);
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

function field(holder: object, name: string): unknown {
  try {
    return Reflect.get(holder, name);
  } catch {
    return undefined; // a getter or proxy that throws has no such field for us
  }
}
