import {
  type AttributeDefinition,
  CreateTableCommand,
  type KeySchemaElement,
  type Projection,
} from '@aws-sdk/client-dynamodb';
import { InvalidResourceError } from '../errors.ts';
import { arrayAt, type JsonObject, objectAt, stringAt } from '../json.ts';
import type { Player } from './context.ts';

interface Index {
  IndexName: string;
  KeySchema: KeySchemaElement[];
  Projection: Projection;
}

/**
 * Create a table, on demand whatever its billing mode. Time to live, point-in-time recovery, replicas and encryption are
 * left out: they change nothing for who reads and writes.
 */
export const playTable: Player = async (resource, context) => {
  const properties = resource.properties();
  if ('StreamSpecification' in properties) {
    context.warn(`${resource.constructPath}: DynamoDB streams are not played`);
  }
  const global = readIndexes(properties, 'GlobalSecondaryIndexes');
  const local = readIndexes(properties, 'LocalSecondaryIndexes');
  const command = new CreateTableCommand({
    TableName: resource.physicalId,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: arrayAt(properties, 'AttributeDefinitions').map(readAttribute),
    KeySchema: arrayAt(properties, 'KeySchema').map(readKey),
    ...(global.length === 0 ? {} : { GlobalSecondaryIndexes: global }),
    ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local }),
  });
  try {
    await context.dynamodb(resource.region).send(command);
  } catch (cause) {
    throw new InvalidResourceError(`cannot create the table ${resource.constructPath}: ${String(cause)}`, {
      cause,
    });
  }
};

function readAttribute(value: unknown): AttributeDefinition {
  const type = stringAt(value, 'AttributeType');
  return {
    AttributeName: stringAt(value, 'AttributeName') ?? '',
    AttributeType: type === 'N' || type === 'B' ? type : 'S',
  };
}

function readKey(value: unknown): KeySchemaElement {
  return {
    AttributeName: stringAt(value, 'AttributeName') ?? '',
    KeyType: stringAt(value, 'KeyType') === 'RANGE' ? 'RANGE' : 'HASH',
  };
}

function readIndexes(properties: JsonObject, key: string): Index[] {
  return arrayAt(properties, key).map((index) => {
    const projection = objectAt(index, 'Projection');
    const type = stringAt(projection, 'ProjectionType');
    const attributes = arrayAt(projection, 'NonKeyAttributes').map(String);
    return {
      IndexName: stringAt(index, 'IndexName') ?? '',
      KeySchema: arrayAt(index, 'KeySchema').map(readKey),
      Projection: {
        ProjectionType: type === 'KEYS_ONLY' || type === 'INCLUDE' ? type : 'ALL',
        ...(attributes.length === 0 ? {} : { NonKeyAttributes: attributes }),
      },
    };
  });
}
