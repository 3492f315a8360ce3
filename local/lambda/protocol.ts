/** An error as Lambda reports it to whoever invoked the function. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** What an execution environment is started with. */
export interface EnvironmentStart {
  /** Directory of the bundled code. */
  readonly taskRoot: string;
  /** `file.export`, as Lambda's Handler setting. */
  readonly handler: string;
  /** Directories in which packages that the Lambda runtime brings (the AWS SDK) are looked for. */
  readonly packageRoots: readonly string[];
}

/** What the handler's context object is built from. */
export interface ContextFields {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
}

/** One invocation, sent into an execution environment. */
export interface InvokeMessage {
  readonly type: 'invoke';
  /** The event as JSON. */
  readonly event: string;
  readonly context: ContextFields;
  readonly deadlineEpochMs: number;
}

/** What an execution environment sends back. */
export type EnvironmentMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'init-error'; readonly error: FunctionError }
  | { readonly type: 'result'; readonly requestId: string; readonly payload: string }
  /** The process is about to end because of an error that nobody caught. */
  | { readonly type: 'crash'; readonly error: FunctionError }
  | { readonly type: 'error'; readonly requestId: string; readonly error: FunctionError };

/** Whether something received from an execution environment is one of its messages. */
export function isEnvironmentMessage(value: unknown): value is EnvironmentMessage {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    ['ready', 'init-error', 'crash', 'result', 'error'].includes(value.type)
  );
}

/** Whether something received inside an execution environment is an invocation. */
export function isInvokeMessage(value: unknown): value is InvokeMessage {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'invoke';
}

/** Whether a value is what an execution environment is started with. */
export function isEnvironmentStart(value: unknown): value is EnvironmentStart {
  return typeof value === 'object' && value !== null && 'taskRoot' in value && 'handler' in value;
}
