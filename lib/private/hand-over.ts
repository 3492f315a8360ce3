import {
  BUNDLED_SETTINGS_EXPRESSION,
  type ConsumerSettings,
  SETTINGS_VARIABLE,
  type SettingsInput,
} from '../../lambdas/core/settings.ts';
import { holdsToken, jsonBytes, MAX_ENVIRONMENT_BYTES, variablesBytes } from './environment-size.ts';

/** What the runtime is told: it fills in the defaults itself. */
export type ToldSettings = SettingsInput<ConsumerSettings>;

/** Most that settings may take of the environment before what is static moves into the bundle. Bytes. */
const SETTINGS_ROOM_BYTES = 2_500;
/** Most that they may take where there is no bundle to move it to. What is beside them is measured at the end. Bytes. */
export const MOST_SETTINGS_BYTES = MAX_ENVIRONMENT_BYTES - SETTINGS_VARIABLE.length;
/** Left free beside settings and the user's variables, since tokens are guessed. Bytes. */
const SPARE_BYTES = 500;

/** The settings in the two parts in which they reach the runtime. */
export interface HandOver {
  /** For the environment; the caller turns it into JSON, tokens included. */
  readonly environment: ToldSettings;
  /** For the bundler: replacements of expressions; empty when the environment holds everything. */
  readonly define: Readonly<Record<string, string>>;
}

/** Whether the settings fit the environment beside the variables of the user. */
export function fitsEnvironment(
  settings: ToldSettings,
  variables: Readonly<Record<string, string>> = {},
): boolean {
  const bytes = jsonBytes(settings);
  const rest = SETTINGS_VARIABLE.length + variablesBytes(variables) + SPARE_BYTES;
  return bytes <= SETTINGS_ROOM_BYTES && bytes + rest <= MAX_ENVIRONMENT_BYTES;
}

/** Everything in the environment. */
export function wholeInEnvironment(settings: ToldSettings): HandOver {
  return { environment: settings, define: {} };
}

/** What holds tokens in the environment, since only the deployment knows it; the rest in the bundle. */
export function splitWithBundle(settings: ToldSettings): HandOver {
  const entries = Object.entries(settings);
  const deployed = entries.filter(([, value]) => holdsToken(value));
  const fixed = entries.filter(([, value]) => !holdsToken(value));
  const text = JSON.stringify(Object.fromEntries(fixed));
  return {
    environment: Object.fromEntries(deployed),
    define: { [BUNDLED_SETTINGS_EXPRESSION]: JSON.stringify(text) },
  };
}
