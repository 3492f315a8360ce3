/** Worker settings that the stack hands over. */
export const TRACKER_URL = process.env.TRACKER_URL ?? '';
export const SCALE = Number(process.env.SCALE ?? '1');
const CALL_TIMEOUT_MS = Number(process.env.CALL_TIMEOUT_MS ?? '1000');

/** Have the dependency bring about the effect of a message. The same call, with the same time-out, for every contender. */
export function postEffect(key: string, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
  return fetch(TRACKER_URL, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  });
}

/** The same as most people write it: an answer that is not a success throws. */
export async function callTracker(key: string): Promise<void> {
  const response = await postEffect(key);
  if (!response.ok) throw new Error(`the tracker answered ${response.status}`);
}

/** Key of a message: the id in its body. */
export function keyOf(body: string): string {
  const { id }: { readonly id: string } = JSON.parse(body);
  return id;
}

/** Tell the benchmark that a breaker in this process opened, in the words of our own log. */
export function logOpened(openForMs: number): void {
  const opened = { to: 'open', decided_by: 'environment', retry_at: Date.now() + openForMs };
  console.log(JSON.stringify({ message: 'circuit changed', ...opened }));
}
