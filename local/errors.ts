/** Base class of every error that the local stack raises itself. */
export class LocalStackError extends Error {
  override readonly name: string = 'LocalStackError';
}

/** The cloud assembly is missing, unreadable, or not what its manifest says. */
export class AssemblyError extends LocalStackError {
  override readonly name = 'AssemblyError';
}

/** Where in a template something stands. */
export interface TemplateLocation {
  readonly stack: string;
  readonly logicalId: string;
  /** Dotted path, such as `Properties.Environment.Variables.QUEUE_URL`. */
  readonly path: string;
}

function at({ stack, logicalId, path }: TemplateLocation): string {
  return `at ${path} of ${logicalId} in stack ${stack}`;
}

/** A template uses an intrinsic function that the local stack cannot evaluate. */
export class UnsupportedIntrinsicError extends LocalStackError {
  override readonly name = 'UnsupportedIntrinsicError';
  readonly intrinsic: string;
  readonly location: TemplateLocation;

  constructor(intrinsic: string, location: TemplateLocation, detail?: string) {
    super(
      `unsupported intrinsic function ${intrinsic} ${at(location)}${detail === undefined ? '' : `: ${detail}`}`,
    );
    this.intrinsic = intrinsic;
    this.location = location;
  }
}

/** A template refers to something that does not exist. */
export class UnresolvedReferenceError extends LocalStackError {
  override readonly name = 'UnresolvedReferenceError';
  readonly reference: string;
  readonly location: TemplateLocation;

  constructor(reference: string, location: TemplateLocation, reason: string) {
    super(`cannot resolve ${reference} ${at(location)}: ${reason}`);
    this.reference = reference;
    this.location = location;
  }
}

/** Resources refer to each other in a circle. */
export class ReferenceCycleError extends LocalStackError {
  override readonly name = 'ReferenceCycleError';
}

/** An emulator package, an optional peer dependency, is not installed or not the version expected. */
export class MissingEmulatorError extends LocalStackError {
  override readonly name = 'MissingEmulatorError';
}

/** Nothing in the local stack has the id, path or name that was asked for. */
export class UnknownResourceError extends LocalStackError {
  override readonly name = 'UnknownResourceError';
}

/** A property of a played resource has a value that cannot be played. */
export class InvalidResourceError extends LocalStackError {
  override readonly name = 'InvalidResourceError';
}

/** The stack was still busy when the time to become idle was over. */
export class NotIdleError extends LocalStackError {
  override readonly name = 'NotIdleError';
}

/** The operation needs the stack's own emulator, but an endpoint of one's own was given. */
export class ForeignEndpointError extends LocalStackError {
  override readonly name = 'ForeignEndpointError';
}

/** Something else listens on the port that was asked for. */
export class PortTakenError extends LocalStackError {
  override readonly name = 'PortTakenError';
}
