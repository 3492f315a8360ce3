import { statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ACCOUNT } from '../account.ts';
import { arrayAt, numberAt, objectAt, stringAt } from '../json.ts';
import { createAsyncInvoker } from '../lambda/async-invoke.ts';
import { createFunctionRunner } from '../lambda/function.ts';
import { lambdaVariables } from '../lambda/variables.ts';
import { type DeployContext, isNamed, type Player } from './context.ts';
import type { ModelResource } from './model.ts';

const DEFAULT_TIMEOUT_SECONDS = 3;
const DEFAULT_MEMORY_MB = 128;

/** Make a function ready to be invoked; what is not a Node.js bundle on disk is named in a warning. */
export const playFunction: Player = async (resource, context) => {
  const properties = resource.properties();
  const runtime = stringAt(properties, 'Runtime') ?? 'container image';
  if (!runtime.startsWith('nodejs')) {
    context.warn(`${resource.constructPath}: functions of runtime ${runtime} are not played`);
    return;
  }
  const taskRoot = await codeDirectory(resource, context);
  if (taskRoot === undefined) {
    context.warn(
      `${resource.constructPath}: its code is not a directory of the cloud assembly, so it is not played`,
    );
    return;
  }
  if (arrayAt(properties, 'Layers').length > 0) {
    context.warn(`${resource.constructPath}: Lambda layers are not played: the function runs without them`);
  }
  if ('DeadLetterConfig' in properties) {
    context.warn(
      `${resource.constructPath}: the dead-letter target of asynchronous invocation is not played`,
    );
  }
  const name = resource.physicalId;
  const handler = stringAt(properties, 'Handler') ?? 'index.handler';
  const memoryMb = numberAt(properties, 'MemorySize') ?? DEFAULT_MEMORY_MB;
  const logGroupName = stringAt(objectAt(properties, 'LoggingConfig'), 'LogGroup') ?? `/aws/lambda/${name}`;
  const reservedConcurrency = numberAt(properties, 'ReservedConcurrentExecutions');
  const runner = createFunctionRunner(
    {
      name,
      arn: resource.attribute('Arn'),
      taskRoot,
      handler,
      memoryMb,
      logGroupName,
      timeoutMs: (numberAt(properties, 'Timeout') ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
      variables: {
        ...lambdaVariables({
          functionName: name,
          region: resource.region,
          otherServices: context.endpoints.LAMBDA ?? '',
          endpoints: context.endpoints,
          runtime,
          handler,
          taskRoot,
          memoryMb,
          logGroupName,
        }),
        ...templateVariables(resource, context),
        ...overrides(resource, context),
      },
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
    },
    {
      ...context.runner,
      onInvocation: (record) => context.cloudwatch.invoked(name, record),
      onLine: (stream, text) => context.onLine({ functionId: resource.constructPath, stream, text }),
    },
  );
  context.functions.push({
    resource,
    runner,
    invoker: createAsyncInvoker(runner, context.signal, context.warn),
  });
};

async function codeDirectory(resource: ModelResource, context: DeployContext): Promise<string | undefined> {
  const code = objectAt(resource.properties(), 'Code');
  const inline = stringAt(code, 'ZipFile');
  if (inline !== undefined) {
    const directory = await context.temporaryDirectory();
    await writeFile(join(directory, 'index.js'), inline);
    return directory;
  }
  const path = resource.assets.get(stringAt(code, 'S3Key') ?? '');
  return path !== undefined && statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : undefined;
}

/** The template's variables; URLs of queues on AWS (imported ones) are turned to the local queue of that name. */
function templateVariables(resource: ModelResource, context: DeployContext): Record<string, string> {
  const variables = objectAt(objectAt(resource.properties(), 'Environment'), 'Variables');
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => {
      const text = String(value);
      if (text.includes('{{resolve:')) {
        context.warn(`${resource.constructPath}: the dynamic reference in ${name} is not resolved`);
      }
      const local = `${context.sqsUrl}/${ACCOUNT}/`;
      return [name, text.replace(/https:\/\/sqs\.[a-z0-9-]+\.amazonaws\.com\/\d{12}\//g, local)];
    }),
  );
}

function overrides(resource: ModelResource, { environment }: DeployContext): Record<string, string> {
  const matching = Object.entries(environment).filter(([key]) => isNamed(resource, key));
  return Object.assign({}, ...matching.map(([, variables]) => variables));
}
