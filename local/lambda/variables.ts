/** What Lambda's reserved environment variables are made of. */
export interface VariableSource {
  readonly functionName: string;
  readonly memoryMb: number;
  readonly region: string;
  readonly runtime: string;
  readonly handler: string;
  readonly taskRoot: string;
  readonly logGroupName: string;
  /** Endpoint of each service that is played, by the suffix of `AWS_ENDPOINT_URL_`. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Where calls to every other service go, to be refused. */
  readonly otherServices: string;
}

/**
 * The environment variables that Lambda itself sets, with dummy credentials and the endpoints of the local stack.
 *
 * Source: "Using Lambda environment variables", AWS Lambda developer guide. Different from AWS:
 * `POWERTOOLS_TRACE_ENABLED` is false, since nobody listens for X-Ray segments here.
 */
export function lambdaVariables(source: VariableSource): Record<string, string> {
  const endpoints = Object.entries(source.endpoints).map(([service, url]) => [
    `AWS_ENDPOINT_URL_${service}`,
    url,
  ]);
  return {
    LANG: 'en_US.UTF-8',
    TZ: 'UTC',
    AWS_REGION: source.region,
    AWS_DEFAULT_REGION: source.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${source.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: source.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(source.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: source.logGroupName,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    LAMBDA_TASK_ROOT: source.taskRoot,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    _HANDLER: source.handler,
    POWERTOOLS_TRACE_ENABLED: 'false',
    AWS_ENDPOINT_URL: source.otherServices,
    ...Object.fromEntries(endpoints),
  };
}
