import { isObject } from '../json.ts';

/** Which messages of a batch a function's response leaves on the queue. */
export type BatchOutcome =
  | { readonly type: 'success' }
  | { readonly type: 'partial'; readonly failed: ReadonlySet<string> }
  | { readonly type: 'failure'; readonly reason: string };

const SUCCESS: BatchOutcome = { type: 'success' };

/**
 * Read the response of a function whose event source reports batch item failures, by AWS's rules: an empty or null
 * response, and an empty or null list, are complete success; a response that is not an object, a list that is not a
 * list, and an item whose identifier is missing, misnamed, null, empty or not in the batch fail the whole batch.
 *
 * Source: "Handling errors for an SQS event source in Lambda", AWS Lambda developer guide.
 */
export function readBatchResponse(response: unknown, messageIds: ReadonlySet<string>): BatchOutcome {
  if (response === null || response === undefined || response === '') return SUCCESS;
  if (!isObject(response)) return { type: 'failure', reason: 'the response is not a JSON object' };
  const list = response.batchItemFailures;
  if (list === null || list === undefined) return SUCCESS;
  if (!Array.isArray(list)) return { type: 'failure', reason: 'batchItemFailures is not a list' };
  const failed = new Set<string>();
  for (const item of list) {
    const id: unknown = isObject(item) ? item.itemIdentifier : undefined;
    if (typeof id !== 'string' || id === '') {
      return { type: 'failure', reason: 'an item of batchItemFailures has no itemIdentifier' };
    }
    if (!messageIds.has(id)) {
      return { type: 'failure', reason: `itemIdentifier ${id} is not a message of the batch` };
    }
    failed.add(id);
  }
  return failed.size === 0 ? SUCCESS : { type: 'partial', failed };
}
