import { existsSync } from 'node:fs';
import { Annotations, Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  HEALTH_SETTINGS_VARIABLE,
  type HealthSettings,
  type WatchedConsumer,
} from '../lambdas/core/health/settings.ts';
import { DEFAULT_CIRCUIT, INTAKE_CIRCUIT } from '../lambdas/core/settings.ts';
import { circuitKey } from '../lambdas/core/table-keys.ts';
import type { HealthCheckProps } from './health-check-props.ts';
import { createFunction, placeholderFunction } from './private/consumer-function.ts';
import { isSameTable } from './private/controller-of.ts';
import { jsonBytes, MAX_ENVIRONMENT_BYTES, resolvedVariablesBytes } from './private/environment-size.ts';
import { handlerEntry } from './private/handler-entry.ts';
import { checkedHealthSettings, withoutHealthDefaults } from './private/health-settings.ts';
import { Problems } from './private/problems.ts';
import { resourceOf } from './private/target-function.ts';
import type { ResilientConsumer } from './resilient-consumer.ts';

/**
 * Lambda gives processor time by memory. A new environment makes three TLS connections within half of the time-out, or the
 * state table counts as unreachable and the service as not ready.
 */
const MEMORY_MB = 1_024;
/** Length of the id of an event source mapping, a UUID. */
const MAPPING_ID_LENGTH = 36;
/** Path of the health check that a function has the settings of. */
const connected = new WeakMap<lambda.Function, string>();

/**
 * A function that answers over HTTP whether consumers live (`/live`) and are ready (`/ready`, and the root): queue age,
 * growth of dead-letter queue and quarantine, circuits, state table, event source and intake, each HEALTHY, DEGRADED or
 * UNHEALTHY with reason and since when. 200 while no critical component is UNHEALTHY, else 503.
 *
 * Its URL takes requests that are signed (IAM) unless it is told otherwise. Its function is granted: to read the circuits
 * and intakes of its consumers in the state table, to read their event source mappings, to read any metric of the account
 * (`cloudwatch:GetMetricData` knows no narrower resource), and to write its logs. It costs money when it is asked: three
 * metrics a consumer and minute in each environment, a read of the table every five seconds.
 *
 * @example
 * const health = new HealthCheck(this, 'Health', { consumers: [orders, ...notices.consumers] });
 * health.grantInvoke(monitorRole);
 */
export class HealthCheck extends Construct {
  /** The function that answers, to attach to an API of your own. It takes events of HTTP APIs, REST APIs and load balancers. */
  readonly function: lambda.Function;
  /** Its URL, ending in a slash; undefined if it has none. */
  readonly url?: string;
  /** What the runtime is told. It may hold tokens. */
  readonly settings: Omit<HealthSettings, 'stateTable'> & { readonly stateTable: string };
  private readonly functionUrl?: lambda.FunctionUrl;
  private readonly consumers: readonly ResilientConsumer[];

  constructor(scope: Construct, id: string, props: HealthCheckProps) {
    super(scope, id);
    const problems = Problems.at(this);
    this.consumers = this.checkedConsumers(props.consumers, problems);
    const { authType = lambda.FunctionUrlAuthType.AWS_IAM, url = true } = props;
    const open = url && authType === lambda.FunctionUrlAuthType.NONE;
    this.settings = {
      stateTable: this.consumers[0]?.stateTable.tableName ?? 'none',
      consumers: this.consumers.map(watched),
      ...checkedHealthSettings(props, problems),
      details: props.details ?? !open,
    };
    this.function = this.createFunction(props, problems);
    this.connect(this.function);
    if (url) {
      this.functionUrl = this.function.addFunctionUrl({ authType });
      this.url = this.functionUrl.url;
    } else if (props.authType !== undefined) {
      const because = 'what is in front of the function says who may call it';
      problems.add('authType', 'must be left out without a url', props.authType, because);
    }
    if (open) {
      Annotations.of(this).addWarningV2(
        'spillway:openHealthCheck',
        'authType NONE lets everybody call the health check, and each request is paid for: reserve little concurrency for ' +
          'its function, by functionProps.reservedConcurrentExecutions',
      );
    }
  }

  /** Let somebody ask the URL, or invoke the function where there is none. */
  grantInvoke(grantee: iam.IGrantable): iam.Grant {
    return this.functionUrl?.grantInvokeUrl(grantee) ?? this.function.grantInvoke(grantee);
  }

  /**
   * Let a function of your own make this health check by `healthCheck()` of the runtime, beside what else it does: it is
   * given the settings in its environment (`SPILLWAY_HEALTH`) and the permissions.
   *
   * @example
   * health.connect(apiFunction);
   * // in the function: const health = healthCheck();
   */
  connect(target: lambda.Function): void {
    const other = connected.get(target);
    if (other !== undefined) {
      const because = 'its environment holds the settings of one';
      Problems.at(this).add('connect', 'must be given a function without a health check', other, because);
      return;
    }
    connected.set(target, this.node.path);
    Problems.at(this, (late) => this.checkRoom(target, late));
    target.addEnvironment(
      HEALTH_SETTINGS_VARIABLE,
      Stack.of(target).toJsonString(withoutHealthDefaults(this.settings)),
    );
    const [first] = this.consumers;
    if (first === undefined) return;
    first.stateTable.grantHealthCheck(target, {
      circuits: [...new Set(this.settings.consumers.flatMap(circuitKeys))],
      consumerIds: this.consumers.map(({ consumerId }) => consumerId),
    });
    target.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['lambda:GetEventSourceMapping'],
        resources: this.consumers.map(({ eventSourceMappingArn }) => eventSourceMappingArn),
      }),
    );
    grantMetrics(target);
  }

  private createFunction(props: HealthCheckProps, problems: Problems): lambda.Function {
    const { entry, functionProps = {} } = props;
    if (entry !== undefined && !existsSync(entry)) {
      problems.add('entry', 'must be a file that exists', entry, 'there is nothing to bundle');
      return placeholderFunction(this, functionProps);
    }
    const usual = { description: 'Answers whether consumers live and are ready', memorySize: MEMORY_MB };
    return createFunction(this, entry ?? handlerEntry('health-check'), { ...usual, ...functionProps }, {});
  }

  private checkedConsumers(
    given: readonly ResilientConsumer[],
    problems: Problems,
  ): readonly ResilientConsumer[] {
    if (given.length === 0) {
      problems.add('consumers', 'must be one or more', 'none', 'there is nothing to look at');
    }
    const consumers = given.filter((consumer) => this.isReachable(consumer, problems));
    const [first] = consumers;
    const seen = new Set<string>();
    for (const { consumerId, stateTable, node } of consumers) {
      if (seen.has(consumerId)) {
        const because = 'components are named by the ids of consumers';
        problems.add('consumers', 'must have ids that differ', consumerId, because);
      }
      seen.add(consumerId);
      if (first !== undefined && !isSameTable(stateTable, first.stateTable, Stack.of(this))) {
        const because = 'one request reads it: give consumers of another table a health check of their own';
        problems.add('consumers', `must share the state table of ${first.node.path}`, node.path, because);
      }
    }
    return consumers;
  }

  private isReachable(consumer: ResilientConsumer, problems: Problems): boolean {
    const { environment } = Stack.of(this);
    const theirs = Stack.of(consumer).environment;
    if (theirs === environment) return true;
    const because = 'its function asks the services of its own account and region';
    const got = `${consumer.node.path} in ${theirs}`;
    problems.add('consumers', `must be in ${environment}, as the health check is`, got, because);
    return false;
  }

  /** Ids of event source mappings are references, whose length is known: only what else is there has to be guessed. */
  private checkRoom(target: lambda.Function, problems: Problems): void {
    const consumers = this.settings.consumers.map((consumer) => ({
      ...consumer,
      mappingId: 'x'.repeat(MAPPING_ID_LENGTH),
    }));
    const bytes =
      jsonBytes(withoutHealthDefaults({ ...this.settings, consumers })) + otherVariablesBytes(target);
    if (bytes <= MAX_ENVIRONMENT_BYTES) return;
    problems.add(
      'consumers',
      `must fit ${MAX_ENVIRONMENT_BYTES} bytes in the environment of ${target.node.path}, with its other variables`,
      bytes,
      `Lambda's limit is 4 KB: divide the ${consumers.length} consumers between several health checks`,
    );
  }
}

function otherVariablesBytes(target: lambda.Function): number {
  const environment: unknown = Stack.of(target).resolve(resourceOf(target)?.environment);
  const known = typeof environment === 'object' && environment !== null && 'variables' in environment;
  const others = Object.entries(Object(known ? environment.variables : {})).filter(
    ([name]) => name !== HEALTH_SETTINGS_VARIABLE,
  );
  return resolvedVariablesBytes(Object.fromEntries([...others, [HEALTH_SETTINGS_VARIABLE, '']]));
}

function watched(consumer: ResilientConsumer): WatchedConsumer {
  const { consumerId, eventSourceMappingId, queue, settings } = consumer;
  const named = Object.keys(settings.circuits);
  return {
    consumerId,
    queue: queue.facts.name,
    deadLetterQueue: queue.facts.deadLetterName,
    quarantineQueue: queue.facts.quarantineName,
    mappingId: eventSourceMappingId,
    circuits: named.length === 0 ? [DEFAULT_CIRCUIT] : named,
    retryUntilSeconds: settings.retryUntilSeconds,
    retentionSeconds: settings.queue.retentionSeconds,
  };
}

function circuitKeys({ consumerId, circuits }: WatchedConsumer): readonly string[] {
  return [...circuits, INTAKE_CIRCUIT].map((name) => circuitKey(name, consumerId));
}

/** A policy of its own, so that what is acknowledged of it hides nothing else of the function's. */
function grantMetrics(target: lambda.Function): void {
  const policy = new iam.Policy(target, 'SpillwayHealthCheckMetrics', {
    statements: [new iam.PolicyStatement({ actions: ['cloudwatch:GetMetricData'], resources: ['*'] })],
  });
  if (target.role !== undefined) policy.attachToRole(target.role);
  Validations.of(policy).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'cloudwatch:GetMetricData supports neither resources nor condition keys',
  });
}
