import type { PageAlarms, PageDashboards, PageData } from '../shared/model.ts';

const TIMEOUT_MS = 10_000;

/** The stack has stopped, or something else answers in its place. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Dashboards of the stack. */
export function fetchDashboards(): Promise<PageDashboards> {
  return get('/api/dashboards');
}

/** Alarms of the stack. */
export function fetchAlarms(): Promise<PageAlarms> {
  return get('/api/alarms');
}

/** What the charts of a dashboard show. */
export function fetchData(dashboard: string, rangeSeconds: number): Promise<PageData> {
  return get(`/api/data?${new URLSearchParams({ dashboard, range: String(rangeSeconds) })}`);
}

async function get<T>(path: string): Promise<T> {
  try {
    const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return await response.json();
    throw new NoAnswerError(`${path} answered ${response.status}: ${await response.text()}`);
  } catch (cause) {
    throw cause instanceof NoAnswerError ? cause : new NoAnswerError(`${path} did not answer`, { cause });
  }
}
