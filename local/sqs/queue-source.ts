/** A message attribute as the event of a Lambda function has it. */
export interface EventMessageAttribute {
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
  readonly stringListValues: readonly string[];
  readonly binaryListValues: readonly string[];
  readonly dataType: string;
}

/** A received message, on its way into a Lambda event. */
export interface SourceMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly md5OfMessageAttributes?: string;
  /** System attributes, all strings. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, EventMessageAttribute>>;
}

/** The queue that an event source mapping reads. */
export interface QueueSource {
  /**
   * Receive up to `max` (1 to 10) messages, waiting up to `waitMs` for the first. Ends early, and without losing a
   * message, when the signal aborts.
   */
  receive(max: number, waitMs: number, signal: AbortSignal): Promise<readonly SourceMessage[]>;
  /** Delete messages and give back the receipt handles that could not be deleted. */
  delete(receiptHandles: readonly string[]): Promise<readonly string[]>;
}
