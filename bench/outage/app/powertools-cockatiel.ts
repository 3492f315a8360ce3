import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { COCKATIEL, scaledMs } from '../contenders.ts';
import { callTracker, logOpened, SCALE } from './call-tracker.ts';
import { powertoolsConsumer } from './powertools-consumer.ts';

const halfOpenAfter = scaledMs(COCKATIEL.halfOpenAfterMs, SCALE);
const breaker = circuitBreaker(handleAll, {
  halfOpenAfter,
  breaker: new ConsecutiveBreaker(COCKATIEL.consecutiveFailures),
});
breaker.onBreak(() => logOpened(halfOpenAfter));

export const handler = powertoolsConsumer((key) => breaker.execute(() => callTracker(key)));
