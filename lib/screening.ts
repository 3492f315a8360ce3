import type { Size } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { PatternKind } from '../lambdas/core/settings.ts';

/** An HMAC over the raw bytes of the payload, checked before anything else is done with it. */
export interface SignatureProps {
  /** Secret whose plain text is the key. The function may read it. */
  readonly secret: secretsmanager.ISecret | secretsmanager.Secret;
  /** Message attribute that carries the signature in hexadecimal. */
  readonly attribute: string;
  /**
   * Text in front of the hexadecimal digits, such as `sha256=`.
   *
   * @default - none
   */
  readonly prefix?: string;
  /**
   * Digest of the HMAC.
   *
   * @default 'sha256'
   */
  readonly algorithm?: 'sha256' | 'sha512';
  /**
   * Accept the secret's previous version too, so that a rotation refuses nothing that is under way.
   *
   * @default true
   */
  readonly acceptPrevious?: boolean;
}

/**
 * Where a message says who it comes from: a message attribute, or a JSON pointer (RFC 6901) into the payload, such as
 * `/sender/id`. It is what the sender says; only a signature proves it.
 */
export type SourceProps = { readonly attribute: string } | { readonly pointer: string };

/** A check of who sends. */
export interface ReputationProps {
  /** Where the source is named. A message that names none is refused. */
  readonly source: SourceProps;
  /** Lowest score that passes. 0 to 100. Sources without a score pass. */
  readonly minimumScore: number;
}

/** Checks that a message passes before the handler sees it; what fails one goes to the quarantine queue. */
export interface ScreeningProps {
  /**
   * Largest body. 1 byte to 1 MiB; `false` switches the check off.
   *
   * @default Size.mebibytes(1)
   */
  readonly maxSize?: Size | false;
  /**
   * Whether the payload has to be JSON without keys that pollute prototypes. Off: the payload is the text itself.
   *
   * @default true
   */
  readonly json?: boolean;
  /**
   * Signature check. Only for payloads that come as they were sent: envelopes `raw` and `sns`.
   *
   * @default - none
   */
  readonly signature?: SignatureProps;
  /**
   * Fields that have to be there, as JSON pointers (RFC 6901), such as `/customer/id`. `null` counts as missing.
   *
   * @default - left to the schema
   */
  readonly requiredFields?: readonly string[];
  /**
   * Where the source is named that may be on the consumer's list of denied ones. The list stands in the state table and
   * is read for each source, at most every 30 seconds in each environment. A message that names no source is refused.
   *
   * @default - nobody is denied
   */
  readonly deniedSources?: SourceProps;
  /**
   * Look for texts that are shaped like attacks; `true` for all kinds. Honest texts may have such a shape, too.
   *
   * @default false
   */
  readonly suspiciousPatterns?: boolean | readonly PatternKind[];
  /**
   * Look at the reputation of the source. It stands in the state table, unless the handler brings its own.
   *
   * @default - everybody is welcome
   */
  readonly reputation?: ReputationProps;
}
