import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, environmentOf, type LoopbackServer, serve } from './http.ts';
import type { Step, Weather } from './plan.ts';
import type { Saboteur } from './saboteur.ts';
import type { Trace } from './trace.ts';

/** A message that an environment holds. */
export interface Held {
  readonly id: string;
  readonly messageId: string;
  readonly receiptHandle: string;
}

/** What the control server works with. */
export interface ControlOptions {
  readonly saboteur: Saboteur;
  readonly trace: Trace;
  /** What the dependency is doing now. */
  readonly weather: () => Weather['kind'] | undefined;
  readonly skewMs: (environment: number) => number;
  /** Called with what an environment received. */
  readonly onReceive: (held: readonly Held[]) => void;
  /** Deliver a message once more, now. */
  readonly redeliver: (message: Held) => Promise<void>;
}

/** An effect that the dependency brought about. */
export interface Effect {
  readonly id: string;
  /** Milliseconds since the run began. */
  readonly at: number;
  /** Who asked for it. */
  readonly environment: number;
}

/** The dependency that handlers call, with its ledger, and the place where environments report. */
export interface Control {
  readonly url: string;
  readonly effects: readonly Effect[];
  close(): Promise<void>;
}

const SLOW_MS = { weather: 300, fault: 1_500 };
const FLAP_MS = 400;

/** Start the dependency. */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { saboteur, trace, weather } = options;
  const effects: Effect[] = [];
  let started = 0;

  function hello(environment: number, outgoing: ServerResponse): void {
    started += 1;
    outgoing.writeHead(200, { 'content-type': 'text/plain' }).write(String(options.skewMs(started)));
    outgoing.once('close', () => saboteur.died(environment));
  }

  async function call(id: string, environment: number, outgoing: ServerResponse): Promise<void> {
    const now = weather();
    if (now === 'throttling') return end(outgoing, 429, { 'retry-after': '1' });
    if (now === 'down' || (now === 'flapping' && Math.floor(performance.now() / FLAP_MS) % 2 === 0)) {
      return end(outgoing, 503);
    }
    const fault = saboteur.arrive('call', [id], environment);
    if (fault?.kind === 'kill-before') return saboteur.kill(environment, fault, 'call');
    if (fault?.kind === 'error') return end(outgoing, 500);
    outgoing.once('close', () => {
      if (!outgoing.writableFinished)
        trace.add({ what: 'fault', fault: 'hung-up', subjects: [id], environment });
    });
    effects.push({ id, at: trace.add({ what: 'effect', subjects: [id], environment }), environment });
    if (fault?.kind === 'kill-after') return saboteur.kill(environment, fault, 'call');
    if (fault?.kind === 'lost-reply') return void outgoing.destroy();
    if (now === 'slow' || fault?.kind === 'slow')
      await sleep(fault === undefined ? SLOW_MS.weather : SLOW_MS.fault);
    end(outgoing, 200);
  }

  async function report(
    step: Step,
    held: readonly Held[],
    environment: number,
    outgoing: ServerResponse,
  ): Promise<void> {
    const subjects = held.map(({ id }) => id);
    if (step === 'receive') {
      options.onReceive(held);
      saboteur.holds(environment, subjects);
    }
    const fault = saboteur.arrive(step, subjects, environment);
    if (fault?.kind === 'kill-before') return saboteur.kill(environment, fault, step);
    const twice = fault?.kind === 'redeliver' ? held.find(({ id }) => id === fault.subject) : undefined;
    if (twice !== undefined) await options.redeliver(twice);
    if (step === 'return') saboteur.releases(environment);
    end(outgoing, 200);
  }

  async function route(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const environment = environmentOf(incoming);
    const [step, id = ''] = (incoming.url ?? '').slice(1).split('/');
    const body = await bodyOf(incoming);
    if (step === 'hello') hello(environment, outgoing);
    else if (step === 'call') await call(id, environment, outgoing);
    else if (step === 'time-out') {
      const subjects: string[] = JSON.parse(body.toString()).map(({ id: each }: { id: string }) => each);
      trace.add({ what: 'fault', fault: 'timed-out', subjects, environment });
      end(outgoing, 200);
    } else if (step === 'receive' || step === 'return') {
      await report(step, JSON.parse(body.toString()), environment, outgoing);
    } else end(outgoing, 404);
  }

  const server: LoopbackServer = await serve((incoming, outgoing) => {
    route(incoming, outgoing).catch(() => outgoing.destroy());
  });
  return { url: server.url, effects, close: () => server.close() };
}

function end(outgoing: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  outgoing.writeHead(status, headers).end();
}
