import type { AppConfigDataClient } from '@aws-sdk/client-appconfigdata';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { ConfigurationSource } from '../core/configuration/refresh.ts';

export { runTimeConfiguration } from '../core/configuration/refresh.ts';

import type { RunTimeConfigurationSettings } from '../core/settings.ts';
import { STORE_TIMEOUTS } from './clients.ts';

/** Clients for where configurations are; each can be given. */
export interface ConfigurationClients {
  /** @default - a client with short time-outs, made when a parameter is read */
  readonly ssm?: SSMClient;
  /** @default - a client with short time-outs, made when a configuration of AppConfig is read */
  readonly appConfigData?: AppConfigDataClient;
}

/** Who waits for an answer waits a second at the most, and comes back soon. */
const CLIENT = { requestHandler: STORE_TIMEOUTS, maxAttempts: 2 };

/**
 * Least time between two requests that AppConfig can be asked to keep a session to. By its own default of a minute it
 * would turn away a request that is under way for less time than the one before. How often it is asked is ours to say.
 * Seconds; source: StartConfigurationSession in the AppConfig API reference.
 */
const POLL = { RequiredMinimumPollIntervalInSeconds: 15 };

type Of<K extends RunTimeConfigurationSettings['kind']> = Extract<RunTimeConfigurationSettings, { kind: K }>;

/**
 * Where a consumer's run-time configuration is, by Powertools parameters. Its code and that of the clients is loaded
 * when it is first read, so that consumers without a run-time configuration start without it.
 */
export function configurationSource(
  settings: RunTimeConfigurationSettings,
  clients: ConfigurationClients = {},
): ConfigurationSource {
  return settings.kind === 'parameter'
    ? parameterSource(settings, clients.ssm)
    : appConfigSource(settings, clients.appConfigData);
}

function parameterSource({ parameter }: Of<'parameter'>, client: SSMClient | undefined): ConfigurationSource {
  const provider = once(async () => {
    const [{ SSMProvider }, { SSMClient: Client }] = await Promise.all([
      import('@aws-lambda-powertools/parameters/ssm'),
      import('@aws-sdk/client-ssm'),
    ]);
    return new SSMProvider({ awsSdkV3Client: client ?? new Client(CLIENT) });
  });
  return {
    name: parameter,
    // When it is time to look again is ours to say.
    read: async () => (await provider()).get(parameter, { forceFetch: true, decrypt: true }),
  };
}

function appConfigSource(
  { application, environment, profile }: Of<'app-config'>,
  client: AppConfigDataClient | undefined,
): ConfigurationSource {
  const make = async () => {
    const [{ AppConfigProvider }, { AppConfigDataClient: Client }] = await Promise.all([
      import('@aws-lambda-powertools/parameters/appconfig'),
      import('@aws-sdk/client-appconfigdata'),
    ]);
    return new AppConfigProvider({ application, environment, awsSdkV3Client: client ?? new Client(CLIENT) });
  };
  // A provider has one session. A token of it is good for one request, and for a day.
  let idle: Awaited<ReturnType<typeof make>> | undefined;
  return {
    name: `${application}/${environment}/${profile}`,
    async read() {
      // Not that of a read that is still under way, as after the environment was frozen, nor that of one that failed.
      const own = idle;
      idle = undefined;
      const provider = own ?? (await make());
      const value = await provider.get(profile, { forceFetch: true, sdkOptions: POLL });
      idle = provider;
      return value === undefined ? undefined : new TextDecoder().decode(value);
    },
  };
}

/** Make something when it is first asked for; not again, unless making it failed. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
