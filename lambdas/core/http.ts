import { SpillwayError } from './errors.ts';

/** An HTTP response that is not a success. The classifier reads its status and its `Retry-After`. */
export class HttpStatusError extends SpillwayError {
  /** HTTP status. */
  readonly status: number;
  /** Response headers. */
  readonly headers: Headers;

  constructor({ status, headers, url }: Pick<Response, 'status' | 'headers' | 'url'>) {
    const host = URL.canParse(url) ? new URL(url).host : 'the server';
    super(`${host} answered with HTTP ${status}`);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Let a successful response through and make an error of any other, since `fetch` does not.
 *
 * @throws {HttpStatusError} if the status is not 2xx; the body is discarded
 * @example
 * const stock = await ctx.circuit('stock').call(async (signal) => expectOk(await fetch(url, { signal })));
 */
export async function expectOk(response: Response): Promise<Response> {
  if (response.ok) return response;
  await response.body?.cancel();
  throw new HttpStatusError(response);
}
