import Opossum from 'opossum';
import { callTimeoutMs, OPOSSUM, scaledMs } from '../contenders.ts';
import { callTracker, logOpened, SCALE } from './call-tracker.ts';
import { powertoolsConsumer } from './powertools-consumer.ts';

const resetTimeout = scaledMs(OPOSSUM.resetTimeoutMs, SCALE);
const breaker = new Opossum(callTracker, {
  timeout: callTimeoutMs(SCALE),
  errorThresholdPercentage: OPOSSUM.errorThresholdPercentage,
  resetTimeout,
  rollingCountTimeout: scaledMs(OPOSSUM.rollingCountTimeoutMs, SCALE),
  rollingCountBuckets: OPOSSUM.rollingCountBuckets,
});
breaker.on('open', () => logOpened(resetTimeout));

export const handler = powertoolsConsumer((key) => breaker.fire(key));
