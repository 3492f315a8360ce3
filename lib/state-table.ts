import { Annotations, Lazy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct, type IConstruct } from 'constructs';
import { type ConsumerSettings, DEFAULT_CIRCUIT, INTAKE_CIRCUIT } from '../lambdas/core/settings.ts';
import {
  circuitKey,
  idempotencyKeyPrefix,
  KEY_PREFIX,
  limitKey,
  TABLE_KEY,
  TABLE_TTL,
} from '../lambdas/core/table-keys.ts';
import { NAME, NAME_RULE } from './private/names.ts';
import { Problems } from './private/problems.ts';
import { sharedCircuits } from './private/shared-circuits.ts';

/** Properties of a {@link StateTable}. */
export interface StateTableProps {
  /**
   * Physical name of the table.
   *
   * @default - CloudFormation makes one up
   */
  readonly tableName?: string;
  /**
   * Key of one's own to encrypt the table with. Consumers are granted its use through DynamoDB. It takes a stack whose
   * region is set.
   *
   * @default - a key that DynamoDB owns, free of charge
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Continuous backups of the last 35 days. They cost money for each GB.
   *
   * @default true
   */
  readonly pointInTimeRecovery?: boolean;
  /**
   * Whether a deletion of the table is refused.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;
  /**
   * What becomes of the table when its stack is deleted. Without its records effects can happen twice.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What a consumer may reach in the state table. */
export interface StateTableAccess {
  /** Stable id of the consumer. */
  readonly consumerId: string;
  /** Scope of its idempotency keys. @default - its id */
  readonly idempotencyScope?: string;
  /** Names of the queues whose messages it keeps records of: source, dead-letter queue and quarantine. */
  readonly queueNames: readonly string[];
  /** Names of the circuits that it calls through. @default - the one, its own, of a consumer that names none */
  readonly circuits?: readonly string[];
  /** Names of those with a rate limit. @default - none */
  readonly rateLimits?: readonly string[];
  /** Whether it looks up which sources are denied. @default false */
  readonly readsDeniedSources?: boolean;
  /** Whether it looks up what is thought of sources. @default false */
  readonly readsReputation?: boolean;
}

/** A table construct of either kind, or an imported one. */
export type AnyTable = dynamodb.ITable | dynamodb.TableV2;

const RECORD_ACTIONS = [
  'dynamodb:BatchGetItem',
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];
const CIRCUIT_ACTIONS = ['dynamodb:GetItem', 'dynamodb:UpdateItem'];
const LIMIT_ACTIONS = CIRCUIT_ACTIONS;
const KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];
const SHARED_ID = 'SpillwayStateTable';

/**
 * One on-demand DynamoDB table for what the runtime has to remember: idempotency records, attempts and history of
 * messages, circuits. A stack's consumers share one.
 *
 * @example
 * const stateTable = new StateTable(this, 'State', { deletionProtection: true });
 * new ResilientConsumer(this, 'Orders', { queue, entry: 'src/orders.ts', stateTable });
 */
export class StateTable extends Construct {
  /** The table that the stack of `scope` shares; it is created when it is first asked for. */
  static of(scope: IConstruct): StateTable {
    const stack = Stack.of(scope);
    const existing = stack.node.tryFindChild(SHARED_ID);
    return existing instanceof StateTable ? existing : new StateTable(stack, SHARED_ID);
  }

  /**
   * A table that exists already, with the partition key `pk` (string) and the time-to-live attribute `ttl`. Nothing
   * of it is checked.
   */
  static fromTable(scope: Construct, id: string, table: AnyTable): StateTable {
    return new StateTable(scope, id, { table });
  }

  /** As {@link fromTable}, for a table known by its name, in the stack's account and region. */
  static fromTableName(scope: Construct, id: string, tableName: string): StateTable {
    const table = (at: StateTable): AnyTable => dynamodb.TableV2.fromTableName(at, 'Table', tableName);
    return new StateTable(scope, id, { table });
  }

  /** The table itself. */
  readonly table: AnyTable;
  private readonly consumerIds = new Set<string>();
  private readonly circuits = sharedCircuits();

  constructor(scope: Construct, id: string, props: StateTableProps | ExistingTable = {}) {
    super(scope, id);
    if ('table' in props) this.table = typeof props.table === 'function' ? props.table(this) : props.table;
    else this.table = createTable(this, props);
  }

  /** Name of the table. */
  get tableName(): string {
    return this.table.tableName;
  }

  /** ARN of the table. */
  get tableArn(): string {
    return this.table.tableArn;
  }

  /**
   * Let a consumer's function read and write its own items: the idempotency records of its scope, the records of its queues'
   * messages, what its kill switch counts, the circuits and rate limits that it names, which others that name them share,
   * and the circuit of its intake; and only read what others write about sources.
   */
  grantConsumer(grantee: iam.IGrantable, access: StateTableAccess): iam.Grant {
    if (this.consumerIds.has(access.consumerId)) {
      Annotations.of(this).addWarningV2(
        'spillway:sharedConsumerId',
        `consumerId should be one consumer's only, got '${access.consumerId}' twice: what one has handled, the other ` +
          'takes for a duplicate where their idempotency keys are equal',
      );
    }
    this.consumerIds.add(access.consumerId);
    const keys = [
      `${idempotencyKeyPrefix(access)}#*`,
      ...access.queueNames.map((name) => `${KEY_PREFIX.message}${name}#*`),
      `${KEY_PREFIX.deadLetters}${access.consumerId}#*`,
    ];
    const records = iam.Grant.addToPrincipal({
      grantee,
      actions: RECORD_ACTIONS,
      resourceArns: [this.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } },
    });
    const { circuits = [] } = access;
    const names = [...(circuits.length === 0 ? [DEFAULT_CIRCUIT] : circuits), INTAKE_CIRCUIT];
    const grant = records.combine(
      this.grantCircuitKeys(
        grantee,
        ['dynamodb:BatchGetItem', ...CIRCUIT_ACTIONS],
        names.map((name) => circuitKey(name, access.consumerId)),
      ),
    );
    if (access.rateLimits !== undefined && access.rateLimits.length > 0) {
      this.grantLimitKeys(
        grantee,
        access.rateLimits.map((name) => limitKey(name, access.consumerId)),
      );
    }
    const lists = [
      ...(access.readsDeniedSources ? [`${KEY_PREFIX.deniedSource}${access.consumerId}#*`] : []),
      ...(access.readsReputation ? [`${KEY_PREFIX.reputation}*`] : []),
    ];
    if (lists.length > 0) {
      iam.Grant.addToPrincipal({
        grantee,
        actions: ['dynamodb:GetItem'],
        resourceArns: [this.tableArn],
        conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': lists } },
      });
    }
    this.grantKey(grantee);
    return grant;
  }

  /**
   * Let a function of your own use the circuits of these names by `circuitBreaker`. Those that are a consumer's own, its
   * unnamed one and that of its intake, are not among them.
   *
   * @example
   * stateTable.grantCircuits(apiFunction, 'tracker');
   */
  grantCircuits(grantee: iam.IGrantable, ...names: readonly [string, ...string[]]): iam.Grant {
    const because = 'no pattern leaves out the circuits that hold the intakes of consumers';
    this.checkNames('grantCircuits', 'circuits', names, because, 'circuitBreaker takes no other');
    this.grantKey(grantee);
    const keys = names.map((name) => `${KEY_PREFIX.circuit}${name}`);
    return this.grantCircuitKeys(grantee, CIRCUIT_ACTIONS, keys);
  }

  /**
   * Let a function of your own use the rate limits of these names by `rateLimiter`, with however many shards.
   *
   * @example
   * stateTable.grantLimits(apiFunction, 'tracker');
   */
  grantLimits(grantee: iam.IGrantable, ...names: readonly [string, ...string[]]): iam.Grant {
    const because = 'whoever uses a limit takes from everybody who shares it';
    this.checkNames('grantLimits', 'rate limits', names, because, 'rateLimiter takes no other');
    this.grantKey(grantee);
    return this.grantLimitKeys(
      grantee,
      names.map((name) => `${KEY_PREFIX.limit}${name}`),
    );
  }

  /** Let somebody hold and resume the intake of a consumer. */
  grantIntake(grantee: iam.IGrantable, consumerId: string): iam.Grant {
    this.grantKey(grantee);
    return this.grantCircuitKeys(grantee, CIRCUIT_ACTIONS, [circuitKey(INTAKE_CIRCUIT, consumerId)]);
  }

  /**
   * Let an intake controller read the circuits, and keep its timers and the markers of its consumers' event sources.
   * The ids are read at synthesis: more may be added until then.
   */
  grantIntakeController(grantee: iam.IGrantable, consumerIds: readonly string[]): iam.Grant {
    const markers = (): string[] => consumerIds.map((consumerId) => `${KEY_PREFIX.intake}${consumerId}`);
    const own = (): string[] => [...markers(), `${KEY_PREFIX.timer}*`];
    const grant = (action: string, keys: () => string[]): iam.Grant =>
      iam.Grant.addToPrincipal({
        grantee,
        actions: [action],
        resourceArns: [this.tableArn],
        conditions: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': Lazy.list({ produce: keys }) },
        },
      });
    this.grantKey(grantee);
    // Timers are left to expire: only markers are deleted.
    return grant('dynamodb:BatchGetItem', () => [`${KEY_PREFIX.circuit}*`, ...own()])
      .combine(grant('dynamodb:PutItem', own))
      .combine(grant('dynamodb:DeleteItem', markers));
  }

  /** Let a health check read circuits by their keys, what the intake controller noted of them, and markers of consumers. */
  grantHealthCheck(
    grantee: iam.IGrantable,
    {
      circuits,
      consumerIds,
    }: { readonly circuits: readonly string[]; readonly consumerIds: readonly string[] },
  ): iam.Grant {
    const keys = [
      ...circuits,
      ...circuits.map((key) => `${KEY_PREFIX.timer}${key}`),
      ...consumerIds.map((consumerId) => `${KEY_PREFIX.intake}${consumerId}`),
    ];
    this.grantKey(grantee);
    return this.grantCircuitKeys(grantee, ['dynamodb:BatchGetItem'], keys);
  }

  /** Compare what a consumer makes of its circuits with what others make of them. @internal */
  noteCircuits(consumer: IConstruct, { circuits }: Pick<ConsumerSettings, 'circuits'>): void {
    this.circuits.note(consumer, circuits);
  }

  /** Whether it is the table that a stack shares. @internal */
  isSharedIn(stack: Stack): boolean {
    return this.node.scope === stack && this.node.id === SHARED_ID;
  }

  /** Grants are for names, at least one, and never for patterns. */
  private checkNames(
    method: string,
    things: string,
    names: readonly string[],
    whyGiven: string,
    whyNamed: string,
  ): void {
    const problems = Problems.at(this);
    if (names.length === 0) {
      problems.add(method, `must be given the names of ${things}`, undefined, whyGiven);
    }
    for (const name of names) {
      if (Token.isUnresolved(name) || NAME.test(name)) continue;
      problems.add(method, NAME_RULE, name, whyNamed);
    }
  }

  /** A name holds no character that means something in a pattern: only the shards' numbers are left open. */
  private grantLimitKeys(grantee: iam.IGrantable, keys: string[]): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee,
      actions: LIMIT_ACTIONS,
      resourceArns: [this.tableArn],
      conditions: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys.flatMap((key) => [key, `${key}#*`]) },
      },
    });
  }

  /** The keys are whole ones: each names a circuit, and what looks like a pattern is none. */
  private grantCircuitKeys(grantee: iam.IGrantable, actions: string[], keys: string[]): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee,
      actions,
      resourceArns: [this.tableArn],
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': keys } },
    });
  }

  private grantKey(grantee: iam.IGrantable): void {
    const key = this.table.encryptionKey;
    if (key !== undefined) {
      const stack = Stack.of(this);
      const viaService = `dynamodb.${stack.region}.${stack.urlSuffix}`;
      grantee.grantPrincipal.addToPrincipalPolicy(
        new iam.PolicyStatement({
          actions: KEY_ACTIONS,
          resources: [key.keyArn],
          conditions: { StringEquals: { 'kms:ViaService': viaService } },
        }),
      );
    }
  }
}

interface ExistingTable {
  readonly table: AnyTable | ((at: StateTable) => AnyTable);
}

function createTable(scope: StateTable, props: StateTableProps): dynamodb.TableV2 {
  const { tableName } = props;
  const problems = Problems.at(scope);
  const { region } = Stack.of(scope);
  let { encryptionKey } = props;
  if (encryptionKey !== undefined && Token.isUnresolved(region)) {
    const because = 'CloudFormation wants the key of a global table by region';
    problems.add('encryptionKey', 'needs a stack whose region is set', 'none', because);
    encryptionKey = undefined;
  }
  return new dynamodb.TableV2(scope, 'Table', {
    ...(tableName !== undefined && { tableName }),
    partitionKey: { name: TABLE_KEY, type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: TABLE_TTL,
    billing: dynamodb.Billing.onDemand(),
    encryption:
      encryptionKey === undefined
        ? dynamodb.TableEncryptionV2.dynamoOwnedKey()
        : dynamodb.TableEncryptionV2.customerManagedKey(encryptionKey),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: props.pointInTimeRecovery ?? true },
    deletionProtection: props.deletionProtection ?? false,
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
  });
}
