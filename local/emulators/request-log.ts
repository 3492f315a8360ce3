/** Counts the requests that each service was asked, by operation. */
export interface RequestLog {
  /** Write down one request. */
  add(service: string, operation: string): void;
  /** Requests of a service since the last reset, by operation. */
  counts(service: string): Readonly<Record<string, number>>;
  /** Start again at zero. */
  reset(): void;
}

/** An empty request log. */
export function createRequestLog(): RequestLog {
  let services = new Map<string, Map<string, number>>();
  return {
    add(service, operation) {
      const operations = services.get(service) ?? new Map<string, number>();
      services.set(service, operations.set(operation, (operations.get(operation) ?? 0) + 1));
    },
    counts: (service) => Object.fromEntries(services.get(service) ?? []),
    reset() {
      services = new Map();
    },
  };
}

/** The operation of a request in one of the AWS JSON protocols: `AmazonSQS.SendMessage` is `SendMessage`. */
export function targetOperation(target: string | readonly string[] | undefined): string {
  return typeof target === 'string' ? (target.split('.').at(-1) ?? 'Unknown') : 'Unknown';
}
