import type { SourceMessage } from './queue-source.ts';

/** The payload limit of a Lambda invocation. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/**
 * Split a batch so that each part fits an invocation's payload. Order is kept.
 *
 * @param limitBytes @default 6 MiB - the limit of a synchronous invocation
 */
export function splitBySize(
  messages: readonly SourceMessage[],
  limitBytes = MAX_PAYLOAD_BYTES,
): readonly (readonly SourceMessage[])[] {
  const characters = messages.reduce((sum, { body }) => sum + body.length, 0);
  // JSON needs at most six bytes for a character (\u0000), and a record's other members stay far below this allowance
  if (characters * 6 + messages.length * 16_384 < limitBytes) return [messages];
  const batches: SourceMessage[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const bytes = Buffer.byteLength(JSON.stringify(message));
    const batch = batches.at(-1);
    if (batch === undefined || size + bytes > limitBytes) {
      batches.push([message]);
      size = bytes;
    } else {
      batch.push(message);
      size += bytes;
    }
  }
  return batches;
}
