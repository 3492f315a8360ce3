import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DEFAULT_REGION, readAssembly } from './assembly/assembly.ts';
import { cloudWatchApi } from './cloudwatch/api.ts';
import { stackClock } from './cloudwatch/stack-clock.ts';
import { createCloudWatch } from './cloudwatch/start.ts';
import type { DeployContext, DeployedFunction } from './deploy/context.ts';
import { functionArn } from './deploy/identity.ts';
import { createModel } from './deploy/model.ts';
import { parameterArn } from './deploy/parameters.ts';
import { deploy } from './deploy/players.ts';
import { createAppConfigStore } from './emulators/app-config.ts';
import { startDynalite } from './emulators/dynalite.ts';
import { startFauxqs } from './emulators/fauxqs.ts';
import { startApi } from './emulators/json-service.ts';
import { createParameterStore } from './emulators/parameter-store.ts';
import { createRequestLog } from './emulators/request-log.ts';
import { createSecretStore } from './emulators/secrets-manager.ts';
import { localFunction } from './function.ts';
import { openProcess, openWorker } from './lambda/channel.ts';
import { lambdaApi } from './lambda/lambda-api.ts';
import type { LocalStackOptions } from './options.ts';
import { type PageOptions, startPage } from './page/page.ts';
import type { LocalQueue } from './queue.ts';
import type { LocalSchedule } from './schedule/schedule.ts';
import type { EventSourceMapping } from './sqs/mapping.ts';
import {
  type ClientConfig,
  describeWork,
  findOne,
  type LocalService,
  type LocalStack,
  waitForIdle,
} from './stack.ts';
import { type FunctionUrl, startFunctionUrl } from './url/function-url.ts';

const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
const DEFAULT_GRACE_MS = 5_000;

/**
 * Deploy the stacks of a cloud assembly onto emulators in this process, bound to loopback, and run their functions,
 * function URLs, schedules, SQS event sources, alarms.
 *
 * It is a development tool. What differs from AWS: permissions, encryption and message retention are not enforced;
 * memory limits hold for the JavaScript heap; environments are not frozen between invocations; lines that a function
 * writes come without Lambda's prefix; a dead letter does not name its source queue; resources that cannot be played are
 * named in `warnings`.
 *
 * @throws {AssemblyError} if the assembly cannot be read
 * @throws {UnsupportedIntrinsicError} if a template uses a function that is not known here
 * @throws {MissingEmulatorError} if fauxqs or dynalite is not installed
 * @throws {RangeError} if `timeScale` is not a number of 1 or more, or `page.port` is not a port
 * @throws {PortTakenError} if something else listens on `page.port`
 *
 * @example
 * const stack = await startLocalStack({ assembly: 'cdk.out' });
 * const sqs = new SQSClient(stack.clientConfig('sqs'));
 * await sqs.send(new SendMessageCommand({ QueueUrl: stack.queue('Orders').url, MessageBody: '{}' }));
 * await stack.whenIdle({ timeoutMs: 5_000 });
 * await stack.stop();
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const closers: (() => Promise<void>)[] = [];
  try {
    return await start(options, closers);
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

async function start(options: LocalStackOptions, closers: (() => Promise<void>)[]): Promise<LocalStack> {
  const stacks = await readAssembly(options.assembly, options.stacks);
  const region = stacks[0]?.region ?? DEFAULT_REGION;
  const warnings: string[] = [];
  const warn = (warning: string): void => {
    if (warnings.includes(warning)) return;
    warnings.push(warning);
    options.onWarning?.(warning);
  };
  const clock = stackClock(options.timeScale ?? 1);
  const requests = createRequestLog();
  const queues: LocalQueue[] = [];
  const deployed: DeployedFunction[] = [];
  const mappings: EventSourceMapping[] = [];
  const schedules: LocalSchedule[] = [];
  const findFunction = (name: string): DeployedFunction | undefined =>
    deployed.find(({ resource, runner }) => runner.definition.arn === functionArn(resource, name));

  const holdsWakeUps = (queueArn: string): boolean =>
    mappings
      .filter((mapping) => mapping.queueArn === queueArn)
      .some(({ functionArn: arn }) => findFunction(arn)?.resource.properties().RecursiveLoop === 'Allow');

  const fauxqs = options.endpoints?.sqs === undefined ? await startFauxqs(region, requests) : undefined;
  if (fauxqs !== undefined) closers.push(() => fauxqs.close());
  const dynalite = options.endpoints?.dynamodb === undefined ? await startDynalite(requests) : undefined;
  if (dynalite !== undefined) closers.push(() => dynalite.close());
  const secrets = createSecretStore();
  const secretsServer = await startApi(secrets.api, requests, options.apiFault);
  closers.push(() => secretsServer.close());
  const parameters = createParameterStore((name) => parameterArn({ region }, name));
  const parametersServer = await startApi(parameters.api, requests, options.apiFault);
  closers.push(() => parametersServer.close());
  const appConfig = createAppConfigStore();
  const appConfigServer = await startApi(appConfig.api, requests, options.apiFault);
  closers.push(() => appConfigServer.close());
  const api = lambdaApi({
    mappings: () => mappings,
    find(name) {
      const found = findFunction(name);
      if (found === undefined) return undefined;
      const { runner, invoker } = found;
      return {
        arn: runner.definition.arn,
        invoke: (event) => runner.invoke(event),
        invokeAsync: (event) => invoker.invoke(event),
      };
    },
  });
  const lambdaServer = await startApi(api, requests, options.apiFault);
  closers.push(() => lambdaServer.close());
  const stopping = new AbortController();
  closers.push(async () => stopping.abort());
  const watch = createCloudWatch({
    clock,
    warn,
    publish: async (topicArn, subject, message) => fauxqs?.publish(topicArn, subject, message),
  });
  const watchServer = await startApi(cloudWatchApi(watch), requests, options.apiFault);
  closers.push(() => watchServer.close());

  const sqsUrl = (options.endpoints?.sqs ?? fauxqs?.url ?? '').replace(/\/$/, '');
  const endpoints: Record<LocalService, string> = {
    sqs: sqsUrl,
    sns: fauxqs?.url ?? lambdaServer.url,
    s3: fauxqs?.url ?? lambdaServer.url,
    dynamodb: options.endpoints?.dynamodb ?? dynalite?.url ?? '',
    lambda: lambdaServer.url,
    secretsManager: secretsServer.url,
    ssm: parametersServer.url,
    appConfigData: appConfigServer.url,
    cloudwatch: watchServer.url,
  };
  const urls = new Map<string, FunctionUrl>();
  for (const { name, template } of stacks) {
    for (const { type, logicalId } of template.resources.values()) {
      if (type !== 'AWS::Lambda::Url') continue;
      const url = await startFunctionUrl();
      closers.push(() => url.close());
      urls.set(`${name}/${logicalId}`, url);
    }
  }
  const clientConfig = (service: LocalService, clientRegion = region): ClientConfig => ({
    endpoint: endpoints[service],
    region: clientRegion,
    credentials: CREDENTIALS,
  });
  const sqs = perRegion((name) => new SQSClient(clientConfig('sqs', name)), closers);
  const dynamodb = perRegion((name) => new DynamoDBClient(clientConfig('dynamodb', name)), closers);

  const model = createModel(stacks, {
    sqsUrl,
    functionUrl: (stack, logicalId) => urls.get(`${stack}/${logicalId}`)?.url ?? '',
    parameters: options.parameters ?? {},
  });
  const context: DeployContext = {
    sqs,
    dynamodb,
    fauxqs,
    requests,
    clock,
    cloudwatch: watch,
    secrets,
    parameters,
    appConfig,
    secretSettings: options.secrets ?? {},
    environment: options.environment ?? {},
    runner: {
      open: options.isolate ? openProcess : openWorker,
      packageRoots: [process.cwd(), dirname(resolve(options.assembly)), import.meta.dirname],
      maxEnvironments: options.maxEnvironments ?? 10,
      idleMs: options.idleMs ?? 60_000,
    },
    onLine: (line) => {
      watch.read(line);
      options.onLog?.(line);
    },
    endpoints: {
      SQS: endpoints.sqs,
      SNS: endpoints.sns,
      S3: endpoints.s3,
      DYNAMODB: endpoints.dynamodb,
      LAMBDA: endpoints.lambda,
      SECRETS_MANAGER: endpoints.secretsManager,
      SSM: endpoints.ssm,
      APPCONFIGDATA: endpoints.appConfigData,
      APPCONFIG: endpoints.appConfigData,
      CLOUDWATCH: endpoints.cloudwatch,
    },
    sqsUrl,
    async temporaryDirectory() {
      const directory = await mkdtemp(join(tmpdir(), 'spillway-'));
      closers.push(() => rm(directory, { recursive: true, force: true }));
      return directory;
    },
    stateChangeMs: options.stateChangeMs ?? 200,
    signal: stopping.signal,
    functionUrl: ({ stack, logicalId }) => urls.get(`${stack}/${logicalId}`),
    queues,
    functions: deployed,
    mappings,
    schedules,
    findFunction,
    warn,
  };
  closers.push(async () => {
    await Promise.all(deployed.map(({ runner }) => runner.kill()));
  });
  await deploy(model, context);
  const outputs = model.outputs();
  const functions = deployed.map(localFunction);
  const page = options.page ? await startPage(watch.cloudwatch, pageOptions(options.page)) : undefined;
  if (page !== undefined) closers.push(() => page.close());
  for (const mapping of mappings) mapping.start();
  const stopWatching = watch.start();
  closers.push(async () => stopWatching());
  let stopped: Promise<void> | undefined;

  const stop = async (graceMs: number): Promise<void> => {
    stopping.abort();
    const running = async (): Promise<void> => {
      await Promise.all(mappings.map((mapping) => mapping.close()));
      await waitForIdle(() => describeWork([], functions, []), graceMs);
    };
    const grace = Promise.withResolvers<void>();
    const timer = setTimeout(grace.resolve, graceMs);
    await Promise.race([running().catch(() => undefined), grace.promise]);
    clearTimeout(timer);
    for (const close of closers.reverse()) await close();
  };

  return {
    outputs,
    endpoints,
    queues,
    functions,
    mappings,
    schedules,
    cloudwatch: watch.cloudwatch,
    ...(page !== undefined && { pageUrl: page.url }),
    warnings,
    clientConfig,
    resource: (id) =>
      findOne(model.resources, 'resource', id, ({ constructPath, logicalId }) => [constructPath, logicalId])
        .physicalId,
    queue: (id) =>
      findOne(queues, 'queue', id, ({ constructPath, logicalId, name, url, arn }) => [
        ...new Set([constructPath, logicalId, name, url, arn]),
      ]),
    function: (id) =>
      findOne(functions, 'function', id, ({ constructPath, logicalId, name, arn }) => [
        ...new Set([constructPath, logicalId, name, arn]),
      ]),
    rotateSecret: (id, value) => secrets.put(id, value),
    requestCounts: (service) => requests.counts(service),
    resetRequestCounts: () => requests.reset(),
    whenIdle: ({ timeoutMs }) =>
      waitForIdle(() => describeWork(queues, functions, mappings, holdsWakeUps), timeoutMs),
    stop: ({ graceMs = DEFAULT_GRACE_MS } = {}) => {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

function pageOptions(page: true | PageOptions): PageOptions {
  return page === true ? {} : page;
}

/** One client for each region, made when first needed. */
function perRegion<T extends { destroy(): void }>(
  create: (region: string) => T,
  closers: (() => Promise<void>)[],
): (region: string) => T {
  const clients = new Map<string, T>();
  return (region) => {
    const known = clients.get(region);
    if (known !== undefined) return known;
    const client = create(region);
    clients.set(region, client);
    closers.push(async () => client.destroy());
    return client;
  };
}
