import { ConfigurationError } from '../core/errors.ts';
import { parseConsumerSettings } from '../core/parse-settings.ts';
import { type ConsumerSettings, SETTINGS_VARIABLE } from '../core/settings.ts';

/**
 * Settings of the consumer that this function is, as the constructs wrote them: from the environment, and from the
 * bundle where the environment had no room.
 *
 * @throws {ConfigurationError} if they are missing, not JSON, or break a rule
 */
export function settingsFromEnvironment(): ConsumerSettings {
  const fromEnvironment = process.env[SETTINGS_VARIABLE];
  // Spelt out, since the bundler replaces this very expression (BUNDLED_SETTINGS_EXPRESSION).
  const fromBundle = process.env.SPILLWAY_BUNDLED_SETTINGS;
  if (fromEnvironment === undefined && fromBundle === undefined) {
    const rule = 'must be set: deploy with ResilientConsumer, or pass `settings` to resilientConsumer()';
    throw new ConfigurationError('environment', [{ option: SETTINGS_VARIABLE, rule, value: undefined }]);
  }
  const read = (text: string | undefined): object =>
    text === undefined ? {} : parsed(SETTINGS_VARIABLE, text);
  return parseConsumerSettings({ ...read(fromBundle), ...read(fromEnvironment) });
}

/**
 * Read an environment variable that the constructs filled with JSON.
 *
 * @throws {ConfigurationError} if it is missing or something else
 */
export function parsedVariable(name: string): object {
  const text = process.env[name];
  if (text !== undefined) return parsed(name, text);
  const rule = 'must be set: deploy with the constructs';
  throw new ConfigurationError('environment', [{ option: name, rule, value: undefined }]);
}

function parsed(variable: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // told below, without repeating the content
  }
  throw new ConfigurationError('environment', [
    {
      option: variable,
      rule: 'must be a JSON object',
      value: `${text.length} characters of something else`,
    },
  ]);
}
