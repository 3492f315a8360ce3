import type { SourceSettings } from '../settings.ts';
import { type Check, rejection } from './check.ts';
import { sourceOf } from './source.ts';

/** The list of sources that are denied. */
export interface DeniedSources {
  /**
   * Whether a source is on the list.
   *
   * @throws if the list cannot be read
   */
  has(source: string): Promise<boolean>;
}

/** Refuse messages of denied sources, and those that do not say where they come from: they could be of one. */
export function deniedSourceCheck(where: SourceSettings, denied: DeniedSources): Check {
  return {
    name: 'denied source',
    async inspect(candidate) {
      const source = sourceOf(candidate, where);
      if (source === undefined) return rejection('DENIED_SOURCE', 'the message names no source');
      return (await denied.has(source)) ? rejection('DENIED_SOURCE', 'the source is denied') : undefined;
    },
  };
}
