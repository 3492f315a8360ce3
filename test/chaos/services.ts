import { createHash } from 'node:crypto';
import type { Step } from './plan.ts';
import type { Errand, Service } from './proxy.ts';
import type { Trace } from './trace.ts';

/** Which message a key of the state table belongs to. */
export interface Names {
  /** By the id that SQS gave the message. */
  readonly byMessageId: Map<string, string>;
  /** By the hash of its idempotency key. */
  readonly byKeyHash: ReadonlyMap<string, string>;
}

/** Hashes of idempotency keys, as Powertools makes them. */
export function keyHashes(ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map(ids.map((id) => [createHash('sha256').update(JSON.stringify(id)).digest('base64'), id]));
}

interface Item {
  readonly pk: { readonly S: string };
}

interface DynamoBody {
  readonly Key?: Item;
  readonly Item?: Item;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Item[] }>>;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Readonly<
    Record<string, { readonly S?: string; readonly NULL?: boolean }>
  >;
}

/** The state table. */
export function stateTableService(
  target: () => string,
  names: Names,
  trace: Trace,
  onProblem: Service['onProblem'],
): Service {
  const subjectOf = (key: string): string => {
    const last = key.split('#').at(-1) ?? '';
    const name = key.startsWith('idempotency#') ? names.byKeyHash.get(last) : names.byMessageId.get(last);
    if (name === undefined) throw new RangeError(`no message of the run belongs to the key ${key}`);
    return name;
  };
  return {
    target,
    onProblem,
    errandOf(operation, given): Errand | undefined {
      const body = given as DynamoBody;
      if (operation === 'BatchGetItem') {
        const keys = Object.values(body.RequestItems ?? {}).flatMap(({ Keys }) => Keys.map(({ pk }) => pk.S));
        return keys.some(ofNoMessage) ? undefined : { step: 'load', subjects: keys.map(subjectOf) };
      }
      const key = (body.Key ?? body.Item)?.pk.S ?? '';
      if (ofNoMessage(key)) return undefined;
      const step = key.startsWith('idempotency#') ? IDEMPOTENCY[operation] : noteOf(operation, body);
      return step === undefined ? undefined : { step, subjects: [subjectOf(key)] };
    },
    refusal: (kind) =>
      kind === 'error'
        ? {
            status: 500,
            body: { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'planned' },
          }
        : {
            status: 400,
            body: { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'planned' },
          },
    onSuccess(_operation, given, { step, subjects }) {
      if (step !== 'complete') return;
      const holder = (given as DynamoBody).ExpressionAttributeValues?.[':holder']?.S ?? '';
      trace.add({ what: 'completed', subjects, detail: `held by ${holder}` });
    },
  };
}

/** Circuits and the kill switch's counts belong to no message; tests of their own break them in every way. */
function ofNoMessage(key: string): boolean {
  return key.startsWith('circuit#') || key.startsWith('dead-letters#');
}

const IDEMPOTENCY: Readonly<Record<string, Step>> = {
  PutItem: 'lock',
  UpdateItem: 'complete',
  DeleteItem: 'release',
};

function noteOf(operation: string, body: DynamoBody): Step | undefined {
  if (operation !== 'UpdateItem') return undefined;
  const attributes = new Set(Object.values(body.ExpressionAttributeNames ?? {}));
  if (attributes.has('movedTo')) return 'note-move';
  if (attributes.has('envelope')) return 'begin-move';
  if (!attributes.has('started')) return 'charge';
  return body.ExpressionAttributeValues?.[':started']?.NULL === true ? 'note-end' : 'note-start';
}

interface SendEntry {
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

/** SQS, as the environments ask it; the pollers ask the emulator in process. */
export function queueService(target: () => string, onProblem: Service['onProblem']): Service {
  return {
    target,
    onProblem,
    errandOf(operation, body, named) {
      if (operation === 'ChangeMessageVisibilityBatch') return { step: 'visibility', subjects: named };
      if (operation === 'DeleteMessageBatch') return { step: 'acknowledge', subjects: named };
      if (operation !== 'SendMessageBatch') return undefined;
      const { Entries } = body as { readonly Entries: readonly SendEntry[] };
      const subjects = Entries.map(
        ({ MessageAttributes = {} }) => MessageAttributes['chaos-id']?.StringValue ?? '',
      );
      return { step: 'send', subjects };
    },
    refusal: () => ({ status: 500, body: { __type: 'com.amazonaws.sqs#InternalError', message: 'planned' } }),
  };
}
