import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import type { LocalStack } from 'spillway/local';

/** A call that the tracker wrote down. */
export interface LedgerCall {
  readonly at: number;
  readonly idempotencyKey: string;
  readonly statusCode: number;
}

/** Whether the effect of a call took place. */
export function completed({ statusCode }: LedgerCall): boolean {
  return statusCode >= 200 && statusCode <= 299;
}

/** Reads all calls out of the tracker's ledger. */
export type ReadLedger = () => Promise<readonly LedgerCall[]>;

/** The ledger of a local stack's tracker. */
export function ledgerOf(stack: LocalStack, table: string): ReadLedger {
  const client = new DynamoDBClient(stack.clientConfig('dynamodb'));
  return async () => {
    const calls: LedgerCall[] = [];
    for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ConsistentRead: true })) {
      for (const { at, idempotencyKey, statusCode } of Items) {
        if (idempotencyKey?.S === undefined) continue;
        calls.push({
          at: Number(at?.N),
          idempotencyKey: idempotencyKey.S,
          statusCode: Number(statusCode?.N),
        });
      }
    }
    return calls;
  };
}
