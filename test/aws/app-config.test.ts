import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { configurationSource, runTimeConfiguration } from '../../lambdas/aws/run-time-configuration.ts';
import { liveSettings } from '../../lambdas/core/live-settings.ts';
import { createAppConfigStore } from '../../local/emulators/app-config.ts';
import { ApiError, type ApiFault, startApi } from '../../local/emulators/json-service.ts';
import { createRequestLog } from '../../local/emulators/request-log.ts';
import { consumerSettings, deferred, eventLog, fakeClock, idle, START } from '../core/fixtures.ts';

const REFRESH_MS = 60_000;
const PLACE = { application: 'shop', environment: 'prod', profile: 'tuning' } as const;
const deployed = consumerSettings({ concurrency: 10 });

/** AppConfig, whose clock is that of the environments, but later by what a request is under way. */
async function appConfig() {
  const clock = fakeClock(START);
  const requests = createRequestLog();
  const network = { delayMs: 0, held: Promise.resolve(), fault: (): ReturnType<ApiFault> => undefined };
  const store = createAppConfigStore(() => clock.now() + network.delayMs);
  const api = {
    ...store.api,
    async serve(...call: Parameters<typeof store.api.serve>) {
      const answer = await store.api.serve(...call);
      if (call[1] === 'GetLatestConfiguration') await network.held;
      return answer;
    },
  };
  const server = await startApi(api, requests, ({ operation }) =>
    operation === 'GetLatestConfiguration' ? network.fault() : undefined,
  );
  onTestFinished(() => server.close());
  const client = () =>
    new AppConfigDataClient({
      endpoint: server.url,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
  return {
    clock,
    requests,
    network,
    deploy(text: string): void {
      const { application, environment, profile } = PLACE;
      store.deploy(application, environment, profile, store.addVersion(application, profile, text));
    },
    /** An environment, which is warm from its first invocation on. */
    environment() {
      const live = liveSettings(deployed);
      const log = eventLog();
      const settings = { ...PLACE, kind: 'app-config', queue: 'orders', refreshSeconds: 60 } as const;
      const configuration = runTimeConfiguration({
        deployed,
        live,
        source: configurationSource(settings, { appConfigData: client() }),
        queue: 'orders',
        refreshMs: REFRESH_MS,
        versionOf: (text) => text,
        emit: log.emit,
        clock,
      });
      return { live, log, invoke: () => configuration.refresh() };
    },
  };
}

const concurrency = (value: number | string): string => `queues: { orders: { concurrency: ${value} } }`;
let s: Awaited<ReturnType<typeof appConfig>>;
beforeEach(async () => {
  s = await appConfig();
  s.deploy(concurrency(3));
});

it('reaches every warm environment with its first invocation after the refresh time', async () => {
  const environments = [s.environment(), s.environment(), s.environment()];
  const invokeAll = async (): Promise<number[]> => {
    for (const { invoke } of environments) await invoke();
    return environments.map(({ live }) => live.concurrency);
  };
  expect(await invokeAll()).toEqual([3, 3, 3]);
  s.deploy(concurrency(7));
  s.clock.advance(REFRESH_MS - 1);
  expect(await invokeAll()).toEqual([3, 3, 3]);
  s.clock.advance(1);
  expect(await invokeAll()).toEqual([7, 7, 7]);
  s.clock.advance(REFRESH_MS);
  expect(await invokeAll()).toEqual([7, 7, 7]);
  for (const { log } of environments) {
    expect(log.kinds()).toEqual([
      'configuration-applied',
      'configuration-applied',
      'configuration-unchanged',
    ]);
  }
  expect(s.requests.counts('appConfigData')).toEqual({
    StartConfigurationSession: 3,
    GetLatestConfiguration: 9,
  });
});

it('refuses a bad one, with each look, and stays at the last good one until there is another', async () => {
  const { live, log, invoke } = s.environment();
  await invoke();
  s.deploy(concurrency('none'));
  for (let look = 0; look < 2; look += 1) {
    s.clock.advance(REFRESH_MS);
    await invoke();
    expect(live.concurrency).toBe(3);
    expect(log.events.at(-1)).toMatchObject({
      kind: 'configuration-refused',
      source: 'shop/prod/tuning',
      problems: [{ path: 'queues.orders.concurrency', value: "'none'" }],
    });
  }
  s.deploy(concurrency(4));
  s.clock.advance(REFRESH_MS);
  await invoke();
  expect(live.concurrency).toBe(4);
});

it('is not turned away for asking too soon where one request takes longer than the next', async () => {
  const { log, invoke } = s.environment();
  s.network.delayMs = 900;
  await invoke();
  s.network.delayMs = 20;
  for (let second = 0; second < 300; second += 1) {
    s.clock.advance(1_000);
    await invoke();
  }
  expect(new Set(log.kinds().slice(1))).toEqual(new Set(['configuration-unchanged']));
  expect(s.requests.counts('appConfigData')).toEqual({
    StartConfigurationSession: 1,
    GetLatestConfiguration: 6,
  });
});

it('asks in a session of its own five seconds after a failure, which may be sooner than its session allows', async () => {
  const { live, log, invoke } = s.environment();
  await invoke();
  s.deploy(concurrency(7));
  s.network.fault = () => new ApiError(500, 'InternalServerException', 'try again');
  s.clock.advance(REFRESH_MS);
  await invoke();
  s.network.fault = () => undefined;
  s.clock.advance(5_000);
  await invoke();
  expect(live.concurrency).toBe(7);
  expect(log.kinds().slice(1)).toEqual(['configuration-unavailable', 'configuration-applied']);
});

it('does not use the token again of a request that is still under way when the environment is thawed', async () => {
  const { live, log, invoke } = s.environment();
  await invoke();
  const frozen = deferred();
  s.network.held = frozen.promise;
  s.clock.advance(REFRESH_MS);
  const given = s.requests.counts('appConfigData').GetLatestConfiguration ?? 0;
  const looking = invoke();
  while (s.requests.counts('appConfigData').GetLatestConfiguration === given) await idle();
  await s.clock.pass(250);
  await looking;
  expect(log.kinds().at(-1)).toBe('configuration-unavailable');

  s.network.held = Promise.resolve();
  s.deploy(concurrency(7));
  s.clock.advance(3_600_000);
  await invoke();
  expect([live.concurrency, log.kinds().at(-1)]).toEqual([7, 'configuration-applied']);

  frozen.resolve();
  for (let look = 0; look < 2; look += 1) {
    s.clock.advance(REFRESH_MS);
    await invoke();
    expect([live.concurrency, log.kinds().at(-1)]).toEqual([7, 'configuration-unchanged']);
  }
});
