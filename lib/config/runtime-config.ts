import { type Duration, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { IConstruct } from 'constructs';
import { lineOf } from '../../lambdas/core/configuration/file-error.ts';
import { judgeConfiguration } from '../../lambdas/core/configuration/run-time.ts';
import { RANGES } from '../../lambdas/core/ranges.ts';
import {
  type ConsumerSettings,
  DEFAULT_CIRCUIT,
  DEFAULTS,
  type RunTimeConfigurationSettings,
} from '../../lambdas/core/settings.ts';
import { type Problems, secondsOf } from '../private/problems.ts';

/** Options of {@link RuntimeConfig}. */
export interface RuntimeConfigOptions {
  /**
   * How long an environment goes by what it has read: a change has reached all of them after that time, with their next
   * invocation. 5 seconds to 1 hour, in whole seconds; of AppConfig, 60 seconds at the least.
   *
   * @default Duration.minutes(1)
   */
  readonly refresh?: Duration;
  /**
   * Name of the consumer under `queues` in the text, so that one text can serve several.
   *
   * @default - the consumer's id
   */
  readonly queue?: string;
}

/** Options of {@link RuntimeConfig.parameter}. */
export interface ParameterConfigOptions extends RuntimeConfigOptions {
  /**
   * Key of a SecureString. The function may decrypt with it.
   *
   * @default - the parameter is a String
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Text that the parameter begins with, where it is written elsewhere than in this app's template. It is checked at
   * synthesis.
   *
   * @default - the value of the parameter's construct, if it is one of this app and known
   */
  readonly text?: string;
}

/** Options of {@link RuntimeConfig.appConfig}. */
export interface AppConfigOptions extends RuntimeConfigOptions {
  /** Application: its construct or id. */
  readonly application: { readonly applicationId: string } | string;
  /** Environment of the application: its construct or id. */
  readonly environment: { readonly environmentId: string } | string;
  /** Configuration profile of the application: its construct or id. */
  readonly profile: { readonly configurationProfileId: string } | string;
  /**
   * Text that is deployed first; it is checked at synthesis.
   *
   * @default - not checked
   */
  readonly text?: string;
}

/** How often AppConfig has sessions asked, if they say nothing else. Seconds; source: GetLatestConfiguration in its API reference. */
const LEAST_POLL_SECONDS = 60;
/**
 * Most characters of a parameter. Intelligent-Tiering makes it an advanced one where it is too large for a standard one.
 * Source: the Parameter Store quotas, and "Managing parameter tiers" in the Systems Manager user guide.
 */
const MOST_CHARACTERS = { standard: 4_096, advanced: 8_192 } as const;

interface Place {
  readonly where: { kind: 'parameter'; parameter: string } | AppConfigPlace;
  /** What the function may do there. */
  readonly grant: (grantee: iam.IGrantable, scope: IConstruct) => void;
  readonly leastSeconds: number;
  readonly text: string | undefined;
  /** Most characters of the text. */
  readonly room: number | undefined;
}

interface AppConfigPlace {
  readonly kind: 'app-config';
  readonly application: string;
  readonly environment: string;
  readonly profile: string;
}

/**
 * Where a consumer reads at run time what may change without a deployment, in the language of configuration files
 * (docs/configuration.md). A text that breaks rules is refused, and the last good one stays.
 *
 * @example
 * const parameter = new ssm.StringParameter(this, 'Tuning', { stringValue: '{}' });
 * new ResilientConsumer(this, 'Orders', { queue, entry, runtimeConfig: RuntimeConfig.parameter(parameter) });
 */
export class RuntimeConfig {
  /** A parameter in SSM Parameter Store: its construct. The function may read it. */
  static parameter(parameter: ssm.IParameter, options: ParameterConfigOptions = {}): RuntimeConfig {
    const { encryptionKey } = options;
    const resource = parameter.node.defaultChild;
    const own = resource instanceof ssm.CfnParameter ? resource : undefined;
    const tier = own?.tier?.toLowerCase();
    return new RuntimeConfig(options, {
      where: { kind: 'parameter', parameter: parameter.parameterName },
      // `grantRead` gives more actions than it takes.
      grant(grantee) {
        iam.Grant.addToPrincipal({
          grantee,
          actions: ['ssm:GetParameter'],
          resourceArns: [parameter.parameterArn],
        });
        encryptionKey?.grantDecrypt(grantee);
      },
      leastSeconds: RANGES.refreshSeconds.min,
      text: options.text ?? own?.value,
      room:
        own === undefined
          ? MOST_CHARACTERS.advanced
          : MOST_CHARACTERS[tier === undefined || tier === 'standard' ? 'standard' : 'advanced'],
    });
  }

  /** A configuration in AppConfig. The function may read it. */
  static appConfig(options: AppConfigOptions): RuntimeConfig {
    const { application, environment, profile } = options;
    const where: AppConfigPlace = {
      kind: 'app-config',
      application: typeof application === 'string' ? application : application.applicationId,
      environment: typeof environment === 'string' ? environment : environment.environmentId,
      profile: typeof profile === 'string' ? profile : profile.configurationProfileId,
    };
    return new RuntimeConfig(options, {
      where,
      grant(grantee, scope) {
        const resource = `application/${where.application}/environment/${where.environment}/configuration/${where.profile}`;
        iam.Grant.addToPrincipal({
          grantee,
          actions: ['appconfig:StartConfigurationSession', 'appconfig:GetLatestConfiguration'],
          resourceArns: [Stack.of(scope).formatArn({ service: 'appconfig', resource })],
        });
      },
      leastSeconds: LEAST_POLL_SECONDS,
      text: options.text,
      room: undefined,
    });
  }

  private readonly options: RuntimeConfigOptions;
  private readonly place: Place;

  private constructor(options: RuntimeConfigOptions, place: Place) {
    this.options = options;
    this.place = place;
  }

  /** What the runtime is told, for the consumer of that id. It may hold tokens. */
  settingsFor(consumerId: string): RunTimeConfigurationSettings {
    const { queue = consumerId, refresh } = this.options;
    const refreshSeconds =
      refresh === undefined
        ? DEFAULTS.runTimeConfiguration.refreshSeconds
        : (secondsOf(refresh) ?? refresh.toSeconds());
    return { queue, refreshSeconds, ...this.place.where };
  }

  /** Let a function of `scope` read it: this one parameter, or this one configuration. */
  grantRead(grantee: iam.IGrantable, scope: IConstruct): void {
    this.place.grant(grantee, scope);
  }

  /** Check the refresh time, and what the text says at first if that is known. */
  check(settings: ConsumerSettings, problems: Problems): void {
    const { leastSeconds, text, room } = this.place;
    const range = { min: leastSeconds, max: RANGES.refreshSeconds.max };
    const because =
      leastSeconds === LEAST_POLL_SECONDS
        ? 'AppConfig is made to be asked once a minute'
        : 'each environment asks as often';
    problems.seconds('runtimeConfig.refresh', this.options.refresh, range, because);
    if (text === undefined || Token.isUnresolved(text)) return;
    if (room !== undefined && text.length > room) {
      const rule = `must be a text of at most ${room} characters`;
      const why = 'Parameter Store takes 4 KB in the standard tier, 8 KB in the others';
      problems.add('runtimeConfig', rule, text.length, why);
    }
    const { queue } = this.settingsFor(settings.consumerId);
    const judgement = judgeConfiguration(text, asDeployed(settings), queue);
    if (judgement.kind === 'good') return;
    for (const problem of judgement.problems) {
      const line = lineOf('text', problem);
      problems.add('runtimeConfig', 'must be a text that the runtime takes', line, 'a bad one is refused');
    }
  }
}

/** The settings as the runtime will find them. What only the deployment knows is taken for large enough. */
function asDeployed(settings: ConsumerSettings): ConsumerSettings {
  const { circuits, queue, retryUntilSeconds } = settings;
  const { maxReceiveCount } = queue;
  return {
    ...settings,
    circuits: Object.keys(circuits).length === 0 ? { [DEFAULT_CIRCUIT]: DEFAULTS.circuit } : circuits,
    queue: {
      ...queue,
      maxReceiveCount: Token.isUnresolved(maxReceiveCount) ? RANGES.maxReceiveCount.max : maxReceiveCount,
    },
    retryUntilSeconds: Token.isUnresolved(retryUntilSeconds)
      ? RANGES.retentionSeconds.max
      : retryUntilSeconds,
  };
}
