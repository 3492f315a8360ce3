import { SpillwayError } from '../core/errors.ts';

/**
 * Load what reads a configuration at run time: a YAML parser and clients, some 400 kB that other consumers are spared.
 * The constructs leave it out of their bundles (`RUN_TIME_CONFIGURATION_EXPRESSION`), so the condition is spelt out here.
 *
 * @throws {SpillwayError} if the bundle is without it
 */
export function loadRunTimeConfiguration(): Promise<typeof import('./run-time-configuration.ts')> {
  return process.env.SPILLWAY_RUN_TIME_CONFIGURATION === 'left out'
    ? Promise.reject(new SpillwayError('the function was bundled without runtimeConfig'))
    : import('./run-time-configuration.ts');
}
