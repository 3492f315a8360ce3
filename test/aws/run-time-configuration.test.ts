import { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { expect, it, onTestFinished } from 'vitest';
import { configurationSource } from '../../lambdas/aws/run-time-configuration.ts';
import { createAppConfigStore } from '../../local/emulators/app-config.ts';
import { ApiError, type ApiFault, type ApiService, startApi } from '../../local/emulators/json-service.ts';
import { createParameterStore } from '../../local/emulators/parameter-store.ts';
import { createRequestLog } from '../../local/emulators/request-log.ts';

async function serve(api: ApiService, fault?: ApiFault) {
  const requests = createRequestLog();
  const server = await startApi(api, requests, fault);
  onTestFinished(() => server.close());
  const config = {
    endpoint: server.url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  };
  return { requests, config };
}

const common = { queue: 'orders', refreshSeconds: 60 };

it('reads a parameter anew each time', async () => {
  const store = createParameterStore((name) => `arn:${name}`);
  store.add({ arn: 'arn:tuning', name: 'tuning', type: 'String', tier: 'Standard', value: 'one' });
  const { config } = await serve(store.api);
  const ssm = new SSMClient(config);
  const source = configurationSource({ ...common, kind: 'parameter', parameter: 'tuning' }, { ssm });
  expect(source.name).toBe('tuning');
  expect(await source.read()).toBe('one');
  await ssm.send(new PutParameterCommand({ Name: 'tuning', Value: 'two', Overwrite: true }));
  expect(await source.read()).toBe('two');
});

it('rejects where a parameter cannot be read', async () => {
  const { config } = await serve(createParameterStore((name) => name).api);
  const ssm = new SSMClient(config);
  const source = configurationSource({ ...common, kind: 'parameter', parameter: 'none' }, { ssm });
  await expect(source.read()).rejects.toThrow('Parameter none not found.');
});

function appConfig() {
  const store = createAppConfigStore();
  const put = (text: string) =>
    store.deploy('shop', 'prod', 'tuning', store.addVersion('shop', 'tuning', text));
  return { store, put };
}
const PLACE = {
  ...common,
  kind: 'app-config',
  application: 'shop',
  environment: 'prod',
  profile: 'tuning',
} as const;

it('reads a configuration of AppConfig in one session, and knows the text where nothing is new', async () => {
  const { store, put } = appConfig();
  put('one');
  const { config, requests } = await serve(store.api);
  const source = configurationSource(PLACE, { appConfigData: new AppConfigDataClient(config) });
  expect(source.name).toBe('shop/prod/tuning');
  expect([await source.read(), await source.read()]).toEqual(['one', 'one']);
  put('two – neu');
  expect(await source.read()).toBe('two – neu');
  expect(requests.counts('appConfigData')).toEqual({
    StartConfigurationSession: 1,
    GetLatestConfiguration: 3,
  });
});

it('begins a new session after a failure, since a token is good for one request', async () => {
  const { store, put } = appConfig();
  put('one');
  let failures = 0;
  const { config, requests } = await serve(store.api, ({ operation }) => {
    if (operation !== 'GetLatestConfiguration' || failures === 0) return undefined;
    failures -= 1;
    return new ApiError(400, 'BadRequestException', 'the token expired');
  });
  const source = configurationSource(PLACE, { appConfigData: new AppConfigDataClient(config) });
  await source.read();
  failures = 1;
  await expect(source.read()).rejects.toThrow('the token expired');
  expect(await source.read()).toBe('one');
  expect(requests.counts('appConfigData')).toMatchObject({ StartConfigurationSession: 2 });
});
