import type { Size } from 'aws-cdk-lib';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

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
}
