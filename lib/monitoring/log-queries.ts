import { Stack, Token } from 'aws-cdk-lib';
import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { logGroupNameOf } from '../private/function-logs.ts';
import { Problems } from '../private/problems.ts';
import type { ResilientConsumer } from '../resilient-consumer.ts';
import { SAVED_QUERIES } from './log-queries/queries.ts';

/** Log groups of one query (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html). */
const MOST_LOG_GROUPS = 50;
/** Length of the name of a saved query; the source is API_PutQueryDefinition. */
const MOST_NAME = 255;

/** Properties of {@link LogQueries}. */
export interface LogQueriesProps {
  /** Consumers whose logs are asked, all by each query. With their intake controllers they have at most 50 log groups. */
  readonly consumers: readonly ResilientConsumer[];
  /**
   * Folder of the queries in the console. Another slash makes a folder within it.
   *
   * @default - `spillway/` and the name of the stack
   */
  readonly folder?: string;
}

/**
 * Queries of CloudWatch Logs Insights, saved in the console's list: failures by fingerprint, one correlation id across
 * consumers, the slowest handlers, time-outs, circuit changes, holds, configurations, and what SQS or the state table
 * refuses. They ask the logs of the consumers' functions and of their intake controllers. Saving is free; a query that
 * is run costs by what it reads.
 *
 * A `ResilienceDashboard` has them already.
 *
 * @example
 * new LogQueries(this, 'Queries', { consumers: [orders, invoices], folder: 'shop' });
 */
export class LogQueries extends Construct {
  /** Names of the log groups that are asked. They may be tokens. */
  readonly logGroupNames: readonly string[];
  /** Names of the queries. */
  readonly queryNames: readonly string[];

  constructor(scope: Construct, id: string, props: LogQueriesProps) {
    super(scope, id);
    const problems = Problems.at(this);
    const { consumers, folder = `spillway/${Stack.of(this).stackName}` } = props;
    const controllers = consumers.flatMap(({ intake }) => (intake === undefined ? [] : [intake]));
    const asked = [...consumers, ...controllers].map((each) => logGroupNameOf(each.function));
    this.logGroupNames = [...new Set(asked)];
    problems.integer(
      'consumers',
      this.logGroupNames.length,
      { min: 1, max: MOST_LOG_GROUPS, unit: 'log groups' },
      'CloudWatch asks that many by one query',
    );
    this.queryNames = SAVED_QUERIES.map(({ name }) => `${folder}/${name}`);
    const longest = Math.max(...this.queryNames.map((name) => name.length));
    if (!Token.isUnresolved(folder) && (folder === '' || longest > MOST_NAME)) {
      const rule = `must not be empty, and with the names of the queries take at most ${MOST_NAME} characters`;
      problems.add('folder', rule, folder, "CloudWatch's limit for the name of a query");
    }
    for (const { id: queryId, name, commands } of SAVED_QUERIES) {
      // the construct for it fixes the order of commands, and wants log groups as constructs
      new CfnQueryDefinition(this, queryId, {
        name: `${folder}/${name}`,
        queryString: commands.join('\n| '),
        logGroupNames: [...this.logGroupNames],
      });
    }
  }
}
