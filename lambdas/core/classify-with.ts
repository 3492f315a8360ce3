import { type Classification, type Classifier, classifyError } from './classifier.ts';
import type { Clock } from './clock.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';

/**
 * A classifier of one's own in front of the default one. One that throws must not replace the error that it was asked
 * about: then the default one decides.
 */
export function classifyWith(
  classify: Classifier | undefined,
  clock: Clock,
  emit: EventSink,
): (error: unknown) => Classification {
  return (error) => {
    const now = clock.now();
    try {
      const classification = classify?.(error, now);
      if (classification !== undefined) return classification;
    } catch (thrown) {
      emit({ kind: 'classifier-error', error: summarizeError(thrown) });
    }
    return classifyError(error, now);
  };
}
