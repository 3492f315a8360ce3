import type { HealthReport, HealthStatus } from '../core/health/health.ts';
import { type ConfiguredHealthCheck, type HealthCheckOptions, healthCheck } from './health-check.ts';

/** An answer as function URLs, HTTP APIs, REST APIs and load balancers take it from a function. */
export interface HealthResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /**
   * Load balancers want to be told
   * (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html); the others take it.
   */
  readonly isBase64Encoded: false;
}

/** Options of {@link healthResponse}. */
export interface HealthResponseOptions {
  /**
   * Whether to tell of components: their names and reasons say how the service is built.
   *
   * @default true
   */
  readonly details?: boolean;
}

/** The body of an answer. Times are in ISO 8601. */
export interface HealthBody {
  readonly check: HealthReport['check'];
  readonly status: HealthStatus;
  readonly checkedAt: string;
  readonly components?: readonly {
    readonly name: string;
    readonly status: HealthStatus;
    readonly critical: boolean;
    readonly reason: string;
    readonly checkedAt: string;
    readonly since: string;
  }[];
}

/** What of a request tells which check is asked for: of function URLs and HTTP APIs, or of REST APIs and load balancers. */
export interface HealthRequest {
  readonly rawPath?: string;
  readonly path?: string;
  readonly httpMethod?: string;
  readonly requestContext?: { readonly http?: { readonly method?: string } };
}

/** Nobody on the way may keep an answer: it is about now. */
const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/**
 * Turn a report into an answer over HTTP: 200 while it is up, DEGRADED included, else 503.
 *
 * @example
 * const health = healthCheck({ settings: {} });
 * const { statusCode, body } = healthResponse(await health.readiness());
 */
export function healthResponse(
  report: HealthReport,
  { details = true }: HealthResponseOptions = {},
): HealthResponse {
  const { check, status, up, checkedAtEpochMs, components } = report;
  const body: HealthBody = {
    check,
    status,
    checkedAt: isoOf(checkedAtEpochMs),
    ...(details && {
      components: components.map(({ checkedAtEpochMs: checkedAt, sinceEpochMs: since, ...component }) => ({
        ...component,
        checkedAt: isoOf(checkedAt),
        since: isoOf(since),
      })),
    }),
  };
  return answer(up ? 200 : 503, body);
}

/**
 * Make a Lambda handler that answers over HTTP: liveness where the path ends with `/live`, readiness where it ends with
 * `/ready` and at the root. It is what the construct `HealthCheck` deploys; with an `entry` of your own it takes checks of
 * your own.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * export const handler = healthCheckHandler({ checks: { database: { critical: true, check: (signal) => ping(signal) } } });
 */
export function healthCheckHandler(options: HealthCheckOptions | ConfiguredHealthCheck = {}) {
  const health = 'readiness' in options ? options : healthCheck(options);
  const { details } = health;
  return async (request: HealthRequest): Promise<HealthResponse> => {
    const method = request.requestContext?.http?.method ?? request.httpMethod ?? 'GET';
    if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'health checks are asked by GET or HEAD');
    const path = (request.rawPath ?? request.path ?? '/').replace(/\/+$/, '');
    if (path.endsWith('/live')) return healthResponse(health.liveness(), { details });
    if (path.endsWith('/ready') || path === '') return healthResponse(await health.readiness(), { details });
    return refusal(404, 'there are /live and /ready');
  };
}

function refusal(statusCode: number, message: string): HealthResponse {
  return answer(statusCode, { message });
}

function answer(statusCode: number, body: object): HealthResponse {
  return { statusCode, headers: HEADERS, body: JSON.stringify(body), isBase64Encoded: false };
}

function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
