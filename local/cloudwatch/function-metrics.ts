import type { InvocationRecord } from '../lambda/function.ts';
import type { MetricStore } from './metric-store.ts';
import type { StackClock } from './stack-clock.ts';

/**
 * Make a reporter of AWS/Lambda metrics: called with each invocation of a function, it puts Invocations, Errors (0 for a
 * success), Throttles, Duration (in the stack's time) and ConcurrentExecutions, at the time when the invocation began.
 */
export function functionMetrics(
  store: MetricStore,
  clock: StackClock,
): (functionName: string, record: InvocationRecord) => void {
  return (functionName, { startedAtEpochMs, durationMs, failed, throttled, concurrent }) => {
    const atEpochMs = clock.at(startedAtEpochMs);
    const put = (metricName: string, value: number): void => {
      const id = { namespace: 'AWS/Lambda', metricName, dimensions: { FunctionName: functionName } };
      store.metric(id)?.add(atEpochMs, value);
    };
    put('Throttles', throttled ? 1 : 0);
    if (throttled) return;
    put('Invocations', 1);
    put('Errors', failed ? 1 : 0);
    put('Duration', durationMs * clock.scale);
    put('ConcurrentExecutions', concurrent);
  };
}
