import { ApiError, type ApiRequest, type ApiResponse, type ApiService } from '../emulators/json-service.ts';
import { arrayAt, booleanAt, isObject, numberAt, objectAt, parseJson } from '../json.ts';
import type { EventSourceMapping, MappingChange } from '../sqs/mapping.ts';
import type { InvocationResult } from './function.ts';

/** What the Lambda API needs from the stack. */
export interface LambdaApiOptions {
  readonly mappings: () => readonly EventSourceMapping[];
  /** Find a function by name, ARN or partial ARN, and invoke it. `undefined` if there is none. */
  readonly find: (name: string) => InvocableFunction | undefined;
}

/** A function as the API invokes it. */
export interface InvocableFunction {
  readonly arn: string;
  invoke(event: unknown): Promise<InvocationResult>;
  /** Invoke without waiting, with the retries of asynchronous invocation. */
  invokeAsync(event: unknown): void;
}

const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;

/**
 * The part of the Lambda API that an intake controller needs: ListEventSourceMappings, GetEventSourceMapping,
 * UpdateEventSourceMapping (Enabled, BatchSize, MaximumBatchingWindowInSeconds, ScalingConfig), and Invoke
 * (RequestResponse, Event, DryRun). Everything else is refused by name.
 */
export function lambdaApi({ mappings, find }: LambdaApiOptions): ApiService {
  const mapping = (path: string): EventSourceMapping => {
    const uuid = decodeURIComponent(path.split('/')[3] ?? '');
    const found = mappings().find((candidate) => candidate.uuid === uuid);
    if (found === undefined) {
      throw new ApiError(404, 'ResourceNotFoundException', 'The resource you requested does not exist.');
    }
    return found;
  };
  const operations: Record<string, (request: ApiRequest) => Promise<ApiResponse>> = {
    async ListEventSourceMappings({ query }) {
      const source = query.get('EventSourceArn');
      const name = query.get('FunctionName');
      const arn = name === null ? null : (find(name)?.arn ?? name);
      const matching = mappings().filter(
        ({ queueArn, functionArn }) =>
          (source === null || queueArn === source) && (arn === null || functionArn === arn),
      );
      return { status: 200, body: { EventSourceMappings: matching.map((item) => item.describe()) } };
    },
    async GetEventSourceMapping({ path }) {
      return { status: 200, body: mapping(path).describe() };
    },
    async UpdateEventSourceMapping({ path, body }) {
      const target = mapping(path);
      target.update(readChange(body === '' ? {} : parseJson(body)));
      return { status: 202, body: target.describe() };
    },
    async Invoke({ path, headers, body }) {
      const name = decodeURIComponent(path.split('/')[3] ?? '');
      const target = find(name);
      if (target === undefined) {
        throw new ApiError(404, 'ResourceNotFoundException', `Function not found: ${name}`);
      }
      const event = body === '' ? {} : parseJson(body);
      const type = headers['x-amz-invocation-type'] ?? 'RequestResponse';
      if (type === 'DryRun') return { status: 204 };
      if (type === 'Event') {
        target.invokeAsync(event);
        return { status: 202 };
      }
      return invokeResponse(await target.invoke(event));
    },
  };
  return {
    service: 'lambda',
    operation: operationOf,
    serve(request, operation) {
      const handler = operations[operation];
      if (handler === undefined) {
        throw new ApiError(400, 'UnknownOperationException', `${operation} is not played by the local stack`);
      }
      return handler(request);
    },
  };
}

function operationOf({ method, path }: ApiRequest): string {
  if (/^\/2015-03-31\/event-source-mappings\/?$/.test(path) && method === 'GET')
    return 'ListEventSourceMappings';
  if (/^\/2015-03-31\/event-source-mappings\/[^/]+\/?$/.test(path)) {
    if (method === 'GET') return 'GetEventSourceMapping';
    if (method === 'PUT') return 'UpdateEventSourceMapping';
  }
  if (/^\/2015-03-31\/functions\/[^/]+\/invocations$/.test(path) && method === 'POST') return 'Invoke';
  return `${method} ${path}`;
}

function readChange(body: unknown): MappingChange {
  const enabled = booleanAt(body, 'Enabled');
  const batchSize = numberAt(body, 'BatchSize');
  const batchingWindowSeconds = numberAt(body, 'MaximumBatchingWindowInSeconds');
  const scaling = isObject(body) && 'ScalingConfig' in body ? objectAt(body, 'ScalingConfig') : undefined;
  const maximumConcurrency = numberAt(scaling, 'MaximumConcurrency');
  if (maximumConcurrency !== undefined && (maximumConcurrency < 2 || maximumConcurrency > 1000)) {
    throw new ApiError(
      400,
      'InvalidParameterValueException',
      `MaximumConcurrency must be 2 to 1000, got ${maximumConcurrency}`,
    );
  }
  if (arrayAt(objectAt(body, 'FilterCriteria'), 'Filters').length > 0) {
    throw new ApiError(400, 'InvalidParameterValueException', 'filters are not played by the local stack');
  }
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(batchingWindowSeconds === undefined ? {} : { batchingWindowSeconds }),
    ...(scaling === undefined ? {} : { maximumConcurrency: maximumConcurrency ?? null }),
  };
}

function invokeResponse({ payload, error, throttled }: InvocationResult): ApiResponse {
  if (throttled) throw new ApiError(429, 'TooManyRequestsException', 'Rate Exceeded.');
  const headers = { 'x-amz-executed-version': '$LATEST' };
  if (error !== undefined) {
    return { status: 200, headers: { ...headers, 'x-amz-function-error': 'Unhandled' }, body: error };
  }
  const body = JSON.stringify(payload);
  if (Buffer.byteLength(body) > MAX_RESPONSE_BYTES) {
    const tooLarge = {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`,
    };
    return { status: 200, headers: { ...headers, 'x-amz-function-error': 'Unhandled' }, body: tooLarge };
  }
  return { status: 200, headers, body };
}
