import { parseConsumerSettings, type SettingsInput } from '../core/parse-settings.ts';
import { type ConsumerSettings, SETTINGS_VARIABLE } from '../core/settings.ts';

const URL_BASE = 'https://sqs.eu-central-1.amazonaws.com/123456789012';

/**
 * Settings of a consumer as the constructs would write them, with what a test wants to be different.
 *
 * @param overrides what the deployment sets: circuits, envelope, back-off, `queue: { fifo: true }`, and so on
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const settings = testSettings({ circuits: { tracker: {} }, backoff: { kind: 'fixed' } });
 */
export function testSettings(overrides: SettingsInput<ConsumerSettings> = {}): ConsumerSettings {
  return parseConsumerSettings({
    consumerId: 'test-consumer',
    environment: 'test',
    stateTable: 'test-state',
    ...overrides,
    queue: { url: `${URL_BASE}/orders`, ...overrides.queue },
    deadLetterQueue: { url: `${URL_BASE}/orders-dlq`, ...overrides.deadLetterQueue },
    quarantineQueue: { url: `${URL_BASE}/orders-quarantine`, ...overrides.quarantineQueue },
  });
}

/**
 * Put {@link testSettings} into the environment, where `resilientConsumer` looks for them when the handler's module is
 * loaded: call it before that is imported.
 *
 * @returns a function that puts back what was there
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * stubSettings({ circuits: { tracker: {} } });
 * const { handler } = await import('../src/orders.ts');
 */
export function stubSettings(overrides: SettingsInput<ConsumerSettings> = {}): () => void {
  const before = process.env[SETTINGS_VARIABLE];
  process.env[SETTINGS_VARIABLE] = JSON.stringify(testSettings(overrides));
  return () => {
    if (before === undefined) delete process.env[SETTINGS_VARIABLE];
    else process.env[SETTINGS_VARIABLE] = before;
  };
}
