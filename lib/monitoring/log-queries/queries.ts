/** A query of CloudWatch Logs Insights, as it is saved. */
export interface SavedQuery {
  /** Id of its construct. */
  readonly id: string;
  /** What it is called in the console. */
  readonly name: string;
  /** Commands, one a line (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html). */
  readonly commands: readonly string[];
}

/** To be replaced before the query is run. */
const ID = 'PUT THE ID HERE';

/**
 * What somebody asks of the logs who was woken up. Fields are those of docs/operations.md; lists are flattened, so the
 * first of `causes` is `causes.0`. `platform.report` is Lambda's own line in the format JSON, `@type` `REPORT` the same
 * in text. Names that are words of the language stand in back-ticks.
 */
export const SAVED_QUERIES: readonly SavedQuery[] = [
  {
    id: 'Failures',
    name: 'failures by fingerprint',
    commands: [
      'filter ispresent(fingerprint) and ispresent(error_name)',
      'stats count(*) as lines, count_distinct(message_id) as messages, latest(message) as last_line, ' +
        'latest(reason) as last_reason, min(@timestamp) as first_seen, max(@timestamp) as last_seen ' +
        'by service, error_name, fingerprint',
      'sort lines desc',
      'limit 50',
    ],
  },
  {
    id: 'Correlation',
    name: 'one correlation id',
    commands: [
      'fields @timestamp, service, level, message, message_id, stable_id, attempt, reason, cause, circuit, ' +
        'delay_seconds, error_name, fingerprint',
      `filter correlation_id = "${ID}" or stable_id = "${ID}" or message_id = "${ID}"`,
      'sort @timestamp asc',
      'limit 1000',
    ],
  },
  {
    // `handled` is there at the level DEBUG only; without it, invocations stand for the handlers in them
    id: 'Slowest',
    name: 'slowest handlers',
    commands: [
      'filter message = "handled" or type = "platform.report" or @type = "REPORT"',
      'fields coalesce(duration_ms, record.metrics.durationMs, @duration) as ms, ' +
        'coalesce(message, type, @type) as line, coalesce(record.requestId, @requestId) as request, ' +
        '@timestamp, @log, service, message_id, correlation_id, attempt, record.status',
      'sort ms desc',
      'limit 50',
    ],
  },
  {
    id: 'TimeOuts',
    name: 'time-outs and crashes',
    commands: [
      'filter (type = "platform.report" and record.status != "success") or ' +
        '@message like /Task timed out|Runtime exited|the environment is given up/',
      'fields @timestamp, @log, record.status, record.errorType, record.metrics.durationMs, ' +
        'record.metrics.maxMemoryUsedMB, record.requestId, @message',
      'sort @timestamp desc',
      'limit 100',
    ],
  },
  {
    id: 'Circuits',
    name: 'circuit changes',
    commands: [
      'filter message = "circuit changed"',
      'fields @timestamp, service, circuit, `from`, `to`, decided_by, retry_at',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    id: 'Holds',
    name: 'holds, pauses and the kill switch',
    commands: [
      'filter message in ["kill switch", "halted", "intake paused", "intake opened", "intake-error"]',
      'fields @timestamp, coalesce(consumer, service) as whose, message, causes.0, causes.1, why, concurrency, ' +
        '`count`, begun, share, error_name, fingerprint, operation, error_message, message_id',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  {
    id: 'Configuration',
    name: 'refused and changed configurations',
    commands: [
      'filter message in ["configuration refused", "configuration applied", "configuration unavailable"]',
      'fields @timestamp, service, message, source, version, problems.0, problems.1, `of`, changes.0, changes.1, ' +
        'error_name, error_message',
      'sort @timestamp desc',
      'limit 100',
    ],
  },
  {
    id: 'OwnTrouble',
    name: 'what SQS or the state table refuses',
    commands: [
      'filter message in ["settlement-error", "store-error", "completion-not-recorded", "classifier-error", ' +
        '"listener-error"] or (message = "deferred" and level = "ERROR")',
      'fields @timestamp, service, message, operation, cause, error_name, error_message, fingerprint, message_id',
      'sort @timestamp desc',
      'limit 200',
    ],
  },
];
