import {
  BUNDLED_SETTINGS_EXPRESSION,
  type ConsumerSettings,
  SETTINGS_VARIABLE,
} from '../../lambdas/core/settings.ts';
import { holdsToken, jsonBytes, MAX_ENVIRONMENT_BYTES, variablesBytes } from './environment-size.ts';

/** Most that settings may take of the environment before what is static moves into the bundle. Bytes. */
export const SETTINGS_ROOM_BYTES = 2_500;
/** Left free beside settings and the user's variables, since tokens are guessed. Bytes. */
const SPARE_BYTES = 500;

/** The settings in the two parts in which they reach the runtime. */
export interface HandOver {
  /** For the environment; the caller turns it into JSON, tokens included. */
  readonly environment: Partial<ConsumerSettings>;
  /** For the bundler: replacements of expressions; empty when the environment holds everything. */
  readonly define: Readonly<Record<string, string>>;
}

/** Whether the settings fit the environment beside the variables of the user. */
export function fitsEnvironment(
  settings: ConsumerSettings,
  variables: Readonly<Record<string, string>> = {},
): boolean {
  const bytes = jsonBytes(settings);
  const rest = SETTINGS_VARIABLE.length + variablesBytes(variables) + SPARE_BYTES;
  return bytes <= SETTINGS_ROOM_BYTES && bytes + rest <= MAX_ENVIRONMENT_BYTES;
}

/** Everything in the environment. */
export function wholeInEnvironment(settings: ConsumerSettings): HandOver {
  return { environment: settings, define: {} };
}

/** What holds tokens in the environment, since only the deployment knows it; the rest in the bundle. */
export function splitWithBundle(settings: ConsumerSettings): HandOver {
  const entries = Object.entries(settings);
  const deployed = entries.filter(([, value]) => holdsToken(value));
  const fixed = entries.filter(([, value]) => !holdsToken(value));
  const text = JSON.stringify(Object.fromEntries(fixed));
  return {
    environment: Object.fromEntries(deployed),
    define: { [BUNDLED_SETTINGS_EXPRESSION]: JSON.stringify(text) },
  };
}
