import type { SettingsInput } from '../../../lambdas/core/parse-settings.ts';
import type { ConsumerSettings } from '../../../lambdas/core/settings.ts';
import type { Running } from './running.ts';

/** What an option does to a consumer that is running. */
export interface Effect {
  /**
   * The option by its path in the language; `<path>: false` and `<path>: true` are those that switch it. In parentheses
   * behind it, where it has several effects, which one this is.
   */
  readonly option: string;
  /** What the consumer was deployed with. */
  readonly deployed: SettingsInput<ConsumerSettings>;
  /** @default 1 */
  readonly environments?: number;
  /** The text that changes it. */
  readonly text: string;
  /** What is seen of it. It may be asked any number of times. */
  readonly seen: (r: Running) => Promise<unknown>;
  /** What is seen as it was deployed, and after the change. */
  readonly before: unknown;
  readonly after: unknown;
}

/** Text of a circuit's options. */
export const tracker = (options: string): string => `circuits: { tracker: { ${options} } }`;

/** Text of a retry profile that the circuit uses, and of one that the queue uses. */
export const ofCalls = (profile: string): string =>
  `retryProfiles: { p: { ${profile} } }\ncircuits: { tracker: { retry: p } }`;
export const ofMessages = (profile: string): string =>
  `retryProfiles: { p: { ${profile} } }\nqueues: { orders: { retry: p } }`;

/** Text of a queue's options. */
export const orders = (options: string): string => `queues: { orders: { ${options} } }`;
