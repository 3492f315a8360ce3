import { CIRCUIT, RETRY_PROFILE } from './circuit-language.ts';
import { CIRCUIT_PRESETS } from './circuit-presets.ts';
import type { SectionKnob, ValueOf } from './knob.ts';
import { QUEUE } from './queue-language.ts';

/**
 * The language of configuration files: every option with what it means, its unit, range and default, and whether it may
 * change at run time. Options are named as the properties of the constructs.
 */

const live = true;

/** What circuits, queues and profiles may be called. */
const NAMES = {
  name: /^[A-Za-z0-9_.-]{1,64}$/,
  nameRule: 'must be 1 to 64 letters, digits, dots, hyphens or underscores',
} as const;

/** A configuration file. */
export const LANGUAGE = {
  type: 'section',
  live,
  doc: 'Circuits, retry profiles and queues of Spillway.',
  keys: {
    retryProfiles: {
      type: 'map',
      ...NAMES,
      live,
      doc: 'Retry profiles by name.',
      each: RETRY_PROFILE,
    },
    circuits: {
      type: 'map',
      name: /^(?!intake$)[A-Za-z0-9_.-]{1,64}$/,
      nameRule: `${NAMES.nameRule}, but not intake`,
      live,
      doc: 'Circuits by name, one for each dependency.',
      each: CIRCUIT,
    },
    queues: { type: 'map', ...NAMES, live, doc: 'Queues by name.', each: QUEUE },
  },
} as const satisfies SectionKnob;

/** What a configuration file says, durations in milliseconds and sizes in bytes. */
export type FileContent = ValueOf<typeof LANGUAGE>;
/** A circuit in a configuration file. */
export type CircuitContent = ValueOf<typeof CIRCUIT>;
/** A retry profile in a configuration file. */
export type RetryProfileContent = ValueOf<typeof RETRY_PROFILE>;
/** A queue in a configuration file. */
export type QueueContent = ValueOf<typeof QUEUE>;
/** What a preset stands for. */
export const presetOf = ({ preset }: CircuitContent): Partial<CircuitContent> =>
  preset === undefined ? {} : CIRCUIT_PRESETS[preset];
