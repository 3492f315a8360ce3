import { afterEach, describe, expect, it, vi } from 'vitest';
import { dynamoCircuits } from '../../lambdas/aws/dynamo-circuits.ts';
import { healthCheck } from '../../lambdas/aws/health-check.ts';
import { type HealthBody, healthCheckHandler, healthResponse } from '../../lambdas/aws/health-response.ts';
import { forceStep } from '../../lambdas/core/circuit/shared-steps.ts';
import { ConfigurationError } from '../../lambdas/core/errors.ts';
import type { HealthReport } from '../../lambdas/core/health/health.ts';
import { HEALTH_SETTINGS_VARIABLE } from '../../lambdas/core/health/settings.ts';
import { fakeClock, START } from '../core/fixtures.ts';
import { watched } from '../core/health/world.ts';
import { TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the function for handlers of one’s own', () => {
  it('needs nothing but checks', async () => {
    const clock = fakeClock();
    const database = { critical: true, check: async (): Promise<void> => {} };
    const health = healthCheck({ settings: {}, checks: { database }, clock });
    expect(await health.readiness()).toEqual({
      check: 'readiness',
      status: 'HEALTHY',
      up: true,
      checkedAtEpochMs: START,
      components: [
        {
          name: 'database',
          status: 'HEALTHY',
          critical: true,
          reason: 'well',
          checkedAtEpochMs: START,
          sinceEpochMs: START,
        },
      ],
    });
  });

  it('reads its settings from the environment, and circuits and intakes from the table', async () => {
    const settings = { stateTable: TABLE, consumers: [watched({ circuits: ['tracker', 'mail'] })] };
    vi.stubEnv(HEALTH_SETTINGS_VARIABLE, JSON.stringify(settings));
    await dynamoCircuits(emulators.dynamodb, TABLE).apply(
      'circuit#mail',
      forceStep('forced-open', START, 'the provider moves'),
    );
    emulators.requests.reset();
    const health = healthCheck({ clients: { dynamodb: emulators.dynamodb } });
    const { components } = await health.readiness();
    expect(components.find(({ name }) => name === 'state-table')?.status).toBe('HEALTHY');
    expect(components.find(({ name }) => name === 'circuit/mail')).toMatchObject({
      status: 'DEGRADED',
      reason: 'held open by an operator: the provider moves',
      sinceEpochMs: START,
    });
    expect(emulators.requests.counts('dynamodb')).toEqual({ BatchGetItem: 1 });
  });

  it('refuses to start without settings, and with wrong ones', () => {
    vi.stubEnv(HEALTH_SETTINGS_VARIABLE, undefined);
    expect(() => healthCheck()).toThrow(/SPILLWAY_HEALTH must be set/);
    expect(() => healthCheck({ settings: { timeoutMs: 1 } })).toThrow(ConfigurationError);
    const check = async (): Promise<void> => {};
    expect(() => healthCheck({ settings: {}, checks: { 'a/b': { check } } })).toThrow(/checks.a\/b must/);
  });
});

const REPORT: HealthReport = {
  check: 'readiness',
  status: 'DEGRADED',
  up: true,
  checkedAtEpochMs: START,
  components: [
    {
      name: 'circuit/tracker',
      status: 'DEGRADED',
      critical: false,
      reason: 'open: waits for a probe',
      checkedAtEpochMs: START - 1_000,
      sinceEpochMs: START - 60_000,
    },
  ],
};

describe('an answer over HTTP', () => {
  it('is 200 while it is up, and nobody may keep it', () => {
    const { statusCode, headers, body, isBase64Encoded } = healthResponse(REPORT);
    expect(statusCode).toBe(200);
    expect(isBase64Encoded).toBe(false); // load balancers want to be told
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(JSON.parse(body)).toEqual({
      check: 'readiness',
      status: 'DEGRADED',
      checkedAt: '2023-11-14T22:13:20.000Z',
      components: [
        {
          name: 'circuit/tracker',
          status: 'DEGRADED',
          critical: false,
          reason: 'open: waits for a probe',
          checkedAt: '2023-11-14T22:13:19.000Z',
          since: '2023-11-14T22:12:20.000Z',
        },
      ],
    });
  });

  it('is 503 while it is not', () => {
    expect(healthResponse({ ...REPORT, status: 'UNHEALTHY', up: false }).statusCode).toBe(503);
  });

  it('leaves components out where they are nobody’s business', () => {
    expect(Object.keys(JSON.parse(healthResponse(REPORT, { details: false }).body))).toEqual([
      'check',
      'status',
      'checkedAt',
    ]);
  });
});

describe('the handler', () => {
  const down = { critical: true, check: () => Promise.reject(new Error('down')) };
  const ask = async (request: object, settings = {}): Promise<[number, HealthBody]> => {
    const { statusCode, body } = await healthCheckHandler({ settings, checks: { down } })(request);
    return [statusCode, JSON.parse(body)];
  };
  const url = (rawPath: string, method = 'GET') => ({ rawPath, requestContext: { http: { method } } });

  it.each([
    ['a function URL', url('/live'), 200, 'liveness'],
    ['a function URL', url('/ready'), 503, 'readiness'],
    ['a function URL', url('/'), 503, 'readiness'],
    ['a function URL', url('/ready/', 'HEAD'), 503, 'readiness'],
    ['an HTTP API with a stage', url('/prod/health/live'), 200, 'liveness'],
    ['a REST API', { path: '/health/ready', httpMethod: 'GET' }, 503, 'readiness'],
    ['a load balancer', { path: '/live', httpMethod: 'GET' }, 200, 'liveness'],
    ['an invocation', {}, 503, 'readiness'],
  ])('answers %s: %j', async (_who, request, status, check) => {
    expect(await ask(request)).toMatchObject([status, { check }]);
  });

  it('refuses other paths and methods', async () => {
    expect((await ask(url('/alive')))[0]).toBe(404);
    expect((await ask(url('/health')))[0]).toBe(404);
    expect((await ask(url('/ready', 'POST')))[0]).toBe(405);
  });

  it('tells of components only where it may', async () => {
    expect((await ask(url('/ready')))[1].components).toHaveLength(1);
    expect((await ask(url('/ready'), { details: false }))[1].components).toBeUndefined();
  });
});
