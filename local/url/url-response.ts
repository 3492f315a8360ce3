import { arrayAt, booleanAt, isObject, numberAt, objectAt } from '../json.ts';

/** An HTTP response that a function's result stands for. */
export interface UrlResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

/**
 * The HTTP response of a function URL: an object with a `statusCode` is the response, anything else is its JSON body.
 */
export function urlResponse(payload: unknown): UrlResponse {
  const status = isObject(payload) ? numberAt(payload, 'statusCode') : undefined;
  if (status === undefined) {
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(payload)),
    };
  }
  const headers: Record<string, string | string[]> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(objectAt(payload, 'headers'))) {
    headers[name.toLowerCase()] = String(value);
  }
  const cookies = arrayAt(payload, 'cookies').map(String);
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  const body = isObject(payload) ? payload.body : undefined;
  const text =
    body === undefined || body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers,
    body: Buffer.from(text, booleanAt(payload, 'isBase64Encoded') ? 'base64' : 'utf8'),
  };
}
