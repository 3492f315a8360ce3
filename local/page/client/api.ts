import type { PageAlarms, PageDashboards, PageData } from '../shared/model.ts';

const TIMEOUT_MS = 10_000;

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
  const response = await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
