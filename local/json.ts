/** A parsed JSON object whose members are not known yet. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

/** Whether a value is a plain JSON object (not null, not an array). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of an object as an object, or an empty one. */
export function objectAt(value: unknown, key: string): JsonObject {
  const member = isObject(value) ? value[key] : undefined;
  return isObject(member) ? member : {};
}

/** The member of an object as an array, or an empty one. */
export function arrayAt(value: unknown, key: string): readonly unknown[] {
  const member = isObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member : [];
}

/** The member of an object if it is a string. */
export function stringAt(value: unknown, key: string): string | undefined {
  const member = isObject(value) ? value[key] : undefined;
  return typeof member === 'string' ? member : undefined;
}

/** The member of an object as a number; templates write numbers as strings too. */
export function numberAt(value: unknown, key: string): number | undefined {
  const member = isObject(value) ? value[key] : undefined;
  if (typeof member === 'number') return member;
  if (typeof member === 'string' && member.trim() !== '' && Number.isFinite(Number(member))) {
    return Number(member);
  }
  return undefined;
}

/** The member of an object as a boolean; templates write booleans as strings too. */
export function booleanAt(value: unknown, key: string): boolean | undefined {
  const member = isObject(value) ? value[key] : undefined;
  if (typeof member === 'boolean') return member;
  if (member === 'true') return true;
  if (member === 'false') return false;
  return undefined;
}

/** Parse JSON without letting `any` out. */
export function parseJson(text: string): unknown {
  return JSON.parse(text);
}
