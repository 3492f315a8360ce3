import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TrackerCounts } from './tracker.ts';

/**
 * The dependency: takes effects under idempotency keys, never deduplicates, and writes every one of them down. It serves
 * `SLOTS` calls at a time, each for `SERVICE_MS`; others wait. Down, it answers 503 at once; every `HANG_EVERY`th call
 * gets no answer. A call has no effect if the caller gives it up before it is served.
 */
const SLOTS = 6;
const SERVICE_MS = 40;
const HANG_EVERY = 50;
/** Longer than any run: a connection that is closed as it is used again would look like a fault of the contender. */
const KEEP_ALIVE_MS = 600_000;

let down = false;
let busy = 0;
let counts = zero();
let effects = new Map<string, number>();
const waiting: (() => void)[] = [];

function zero(): Omit<TrackerCounts, 'handled'> {
  return { calls: 0, callsDuringOutage: 0, duplicateEffects: 0 };
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) }).end(text);
}

async function effect(key: string, response: ServerResponse): Promise<void> {
  counts = { ...counts, calls: counts.calls + 1 };
  if (down) {
    counts = { ...counts, callsDuringOutage: counts.callsDuringOutage + 1 };
    if (counts.callsDuringOutage % HANG_EVERY !== 0) answer(response, 503);
    return;
  }
  if (busy >= SLOTS) await new Promise<void>((resolve) => waiting.push(resolve));
  busy += 1;
  try {
    if (response.destroyed) return;
    if (down) return answer(response, 503);
    await new Promise((resolve) => setTimeout(resolve, SERVICE_MS));
    if (response.destroyed) return;
    const before = effects.get(key) ?? 0;
    effects.set(key, before + 1);
    if (before > 0) counts = { ...counts, duplicateEffects: counts.duplicateEffects + 1 };
    answer(response, 201);
  } finally {
    busy -= 1;
    waiting.shift()?.();
  }
}

function control(path: string, response: ServerResponse): void {
  if (path === '/down') down = true;
  else if (path === '/up') down = false;
  else if (path === '/reset') {
    counts = zero();
    effects = new Map();
  }
  const told: TrackerCounts = { ...counts, handled: effects.size };
  answer(response, 200, path === '/handled' ? [...effects.keys()] : told);
}

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.resume();
  const key = request.headers['idempotency-key'];
  if (typeof key === 'string') await effect(key, response);
  else control(request.url ?? '', response);
}

const server = createServer((request, response) => {
  route(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.requestTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.once('disconnect', () => process.exit());
