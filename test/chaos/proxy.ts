import { Agent, type IncomingMessage, request as makeRequest, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { bodyOf, environmentOf, type LoopbackServer, SUBJECTS_HEADER, serve } from './http.ts';
import type { Step } from './plan.ts';
import type { DueFault, Saboteur } from './saboteur.ts';

/** What a request is about. */
export interface Errand {
  readonly step: Step;
  /** Ids of the messages, in the order of the entries of a batch. */
  readonly subjects: readonly string[];
}

/** What a proxy knows of the service behind it. */
export interface Service {
  /** Where it is; asked for each request. */
  target(): string;
  /** What a request is about; nothing for one that is let through. */
  errandOf(operation: string, body: unknown, named: readonly string[]): Errand | undefined;
  /** The answer that stands for an error. */
  refusal(kind: 'error' | 'throttle'): { readonly status: number; readonly body: unknown };
  /** Called with a request that is about nothing known: the run cannot be judged. */
  onProblem(error: Error): void;
  /** Called with each request that the service answered with success. */
  onSuccess?(operation: string, body: unknown, errand: Errand): void;
}

/** Longer than the store's clients wait. Milliseconds. */
const SLOW_MS = 1_500;

/** Put a proxy in front of a service that does to requests what the saboteur has in store. */
export function startProxy(service: Service, saboteur: Saboteur): Promise<LoopbackServer> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const text = await bodyOf(incoming);
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    const body: unknown = JSON.parse(text.toString());
    const named = String(incoming.headers[SUBJECTS_HEADER] ?? '').split(',');
    const environment = environmentOf(incoming);
    const errand = service.errandOf(operation, body, named);
    const fault = errand && saboteur.arrive(errand.step, errand.subjects, environment);
    const kill = (due: DueFault): void => {
      saboteur.kill(environment, due, errand?.step ?? 'receive');
      outgoing.destroy();
    };
    if (fault?.kind === 'kill-before') return kill(fault);
    if (fault?.kind === 'error' || fault?.kind === 'throttle') {
      const { status, body: refusal } = service.refusal(fault.kind);
      return reply(outgoing, status, refusal);
    }
    const split =
      fault?.kind === 'partial' ? withoutSubject(body, errand?.subjects ?? [], fault.subject) : undefined;
    if (split?.rest.length === 0) return reply(outgoing, 200, { Successful: [], Failed: split.failed });
    const sent = split === undefined ? text : Buffer.from(JSON.stringify(split.body));
    const answer = await forward(agent, service.target(), incoming, sent).catch((error: unknown) => {
      if (errand !== undefined) saboteur.unanswered(errand.step, errand.subjects, environment);
      throw error;
    });
    if (errand !== undefined && answer.status === 200) service.onSuccess?.(operation, body, errand);
    if (fault?.kind === 'kill-after') return kill(fault);
    if (fault?.kind === 'lost-reply') {
      outgoing.destroy();
      return;
    }
    if (fault?.kind === 'slow') await sleep(SLOW_MS);
    if (split === undefined) {
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
      return;
    }
    const given = JSON.parse(answer.body.toString());
    reply(outgoing, answer.status, { ...given, Failed: [...(given.Failed ?? []), ...split.failed] });
  }

  return serve((incoming, outgoing) => {
    handle(incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy();
      // Environments are killed in the middle of requests, and so is the store.
      if (error instanceof RangeError) service.onProblem(error);
    });
  });
}

function reply(outgoing: ServerResponse, status: number, body: unknown): void {
  outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

interface Entry {
  readonly Id: string;
}

/** A batch call without the entries of one message. */
function withoutSubject(body: unknown, subjects: readonly string[], subject: string) {
  const { Entries } = body as { readonly Entries: readonly Entry[] };
  const rest = Entries.filter((_entry, at) => subjects[at] !== subject);
  const failed = Entries.filter((_entry, at) => subjects[at] === subject).map(({ Id }) => {
    return { Id, Code: 'InternalError', Message: 'planned', SenderFault: false };
  });
  return { rest, failed, body: { ...(body as object), Entries: rest } };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

function forward(
  agent: Agent,
  target: string,
  { method, headers, url }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { host: _host, connection: _connection, ...kept } = headers;
    const call = makeRequest(new URL(url ?? '/', target), {
      method: method ?? 'POST',
      headers: { ...kept, 'content-length': body.byteLength },
      agent,
    });
    call.once('error', reject);
    call.once('response', (response) => {
      bodyOf(response).then(
        (answer) => {
          const { connection: _ours, 'transfer-encoding': _chunks, ...rest } = response.headers;
          resolve({
            status: response.statusCode ?? 502,
            headers: { ...rest, 'content-length': String(answer.byteLength) },
            body: answer,
          });
        },
        (error: unknown) => reject(error),
      );
    });
    call.end(body);
  });
}
