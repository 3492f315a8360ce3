import { SpillwayError } from '../core/errors.ts';

/**
 * Load the tracer: Powertools' and the X-Ray SDK below it, which functions that are not traced are spared. The constructs
 * leave it out of their bundles (`TRACING_EXPRESSION`), so the condition is spelt out here.
 *
 * @throws {SpillwayError} if the bundle is without it
 */
export function loadTracer(): Promise<typeof import('./xray-tracer.ts')> {
  return process.env.SPILLWAY_TRACING === 'left out'
    ? Promise.reject(new SpillwayError('the function was bundled without tracing'))
    : import('./xray-tracer.ts');
}
