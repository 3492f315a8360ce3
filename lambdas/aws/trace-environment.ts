/** What the runtime interface client of Lambda puts beside each invocation, where several run in one environment. */
interface InvokeStore {
  getXRayTraceId?(): string | undefined;
}

/**
 * X-Ray's trace header of the invocation, if there is one. Where one environment runs several invocations at a time, the
 * variable is not set, and the header stands in Lambda's invoke store.
 */
export function traceHeaderOfInvocation(): string | undefined {
  const { awslambda } = globalThis as { awslambda?: { readonly InvokeStore?: InvokeStore } };
  const header = awslambda?.InvokeStore?.getXRayTraceId?.() ?? process.env._X_AMZN_TRACE_ID;
  return header === '' ? undefined : header;
}
