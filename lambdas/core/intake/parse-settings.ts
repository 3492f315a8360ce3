import { DEFAULT_OBSERVABILITY, OBSERVABILITY_LEVELS } from '../metric-names.ts';
import { SettingsReader } from '../settings-reader.ts';
import { type ControlledConsumer, INTAKE_DEFAULTS, type IntakeControllerSettings } from './settings.ts';

const LONGEST_RETENTION_SECONDS = 14 * 86_400;

/**
 * Check the settings of the intake controller and fill in the defaults.
 *
 * @throws {ConfigurationError} naming every setting that breaks its rule
 */
export function parseIntakeSettings(input: unknown): IntakeControllerSettings {
  const reader = new SettingsReader(input);
  const settings: IntakeControllerSettings = {
    stateTable: reader.text('stateTable'),
    controlQueueUrl: reader.text('controlQueueUrl'),
    rampStepMs: reader.integer('rampStepMs', 1_000, 900_000, INTAKE_DEFAULTS.rampStepMs),
    consumers: reader.children('consumers').map(consumer),
  };
  reader.finish('the intake controller settings');
  return settings;
}

function consumer(reader: SettingsReader): ControlledConsumer {
  const retentionSeconds = reader.integer('retentionSeconds', 60, LONGEST_RETENTION_SECONDS);
  return {
    consumerId: reader.text('consumerId'),
    mappingId: reader.text('mappingId'),
    circuits: reader.texts('circuits'),
    ...(reader.has('maxConcurrency') ? { maxConcurrency: reader.integer('maxConcurrency', 2, 1_000) } : {}),
    retryUntilSeconds: reader.integer('retryUntilSeconds', 1, retentionSeconds),
    retentionSeconds,
    observability: reader.oneOf('observability', OBSERVABILITY_LEVELS, DEFAULT_OBSERVABILITY),
  };
}
