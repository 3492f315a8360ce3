import type { ConsumerSettings } from './settings.ts';

/**
 * Settings that may change while a consumer runs. Everything that is made of settings keeps the object and reads its
 * fields when it needs them, so that all of it goes by the new ones from the same moment.
 *
 * @example
 * const live = liveSettings(deployed);
 * replaceSettings(live, next); // between two invocations
 */
export function liveSettings(deployed: ConsumerSettings): ConsumerSettings {
  return structuredClone(deployed);
}

/** Make live settings say what others say. The settings of each circuit stay the object that they are. */
export function replaceSettings(live: ConsumerSettings, next: ConsumerSettings): void {
  const { circuits, ...rest } = structuredClone(next);
  for (const [name, circuit] of Object.entries(circuits)) {
    const own = live.circuits[name];
    if (own !== undefined) replaceFields(own, circuit);
  }
  Object.assign(live, rest);
}

/** Make one object say what another says, without becoming it. Objects in it are kept as well, where both have them. */
export function replaceFields(live: object, next: object): void {
  for (const key of Reflect.ownKeys(live)) {
    if (!Object.hasOwn(next, key)) Reflect.deleteProperty(live, key);
  }
  for (const [key, value] of Object.entries(next)) {
    // What a key like __proto__ finds that is not the object's own is everybody's.
    const own: unknown = Object.hasOwn(live, key) ? Reflect.get(live, key) : undefined;
    if (isPlain(own) && isPlain(value)) replaceFields(own, value);
    else Object.defineProperty(live, key, { value, writable: true, enumerable: true, configurable: true });
  }
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A view of settings that says what they say at each moment, and can be made to look at others. */
export function viewOf<T extends object>(first: T): { readonly view: T; lookAt(next: T): void } {
  let current = first;
  return {
    view: new Proxy(first, { get: (_first, key) => Reflect.get(current, key) }),
    lookAt(next) {
      current = next;
    },
  };
}
