import { RANGES } from '../ranges.ts';
import { DEFAULTS, type FAILURE_REASONS, JSON_POINTER, PATTERN_KINDS } from '../settings.ts';
import type { SectionKnob } from './knob.ts';
import { durationText, sizeText } from './quantities.ts';

const live = true;
const { killSwitch, attempts } = DEFAULTS;

const SOURCE_KEYS = {
  attribute: {
    type: 'text',
    pattern: /^(?!AWS\.|Amazon\.)(?!.*\.\.)[A-Za-z0-9_-](?:[A-Za-z0-9_.-]{0,254}[A-Za-z0-9_-])?$/i,
    rule: 'must be the name of a message attribute',
    live,
    doc: 'Message attribute that names the source. Not with pointer.',
  },
  pointer: {
    type: 'text',
    pattern: JSON_POINTER,
    rule: 'must be a JSON pointer, such as /customer/id',
    live,
    doc: 'JSON pointer (RFC 6901) to the source in the payload. Not with attribute.',
  },
} as const;

/** Screening of a queue's messages. */
export const SCREENING = {
  type: 'section',
  live,
  doc: 'Checks that a message passes before the handler sees it. The signature check takes a secret, so it stands in the code alone.',
  keys: {
    maxSize: {
      type: 'size',
      range: RANGES.bodyBytes,
      default: sizeText(DEFAULTS.screening.maxBytes),
      orFalse: 'no limit',
      live,
      doc: 'Largest body.',
    },
    json: {
      type: 'flag',
      default: String(DEFAULTS.screening.json),
      doc: 'Whether the payload has to be JSON without keys that pollute prototypes.',
    },
    requiredFields: {
      type: 'list',
      of: {
        type: 'text',
        pattern: JSON_POINTER,
        rule: 'must be a JSON pointer, such as /customer/id',
        doc: 'A field.',
      },
      orFalse: 'none',
      default: 'false',
      live,
      doc: 'Fields that have to be there, as JSON pointers (RFC 6901). null counts as missing.',
    },
    suspiciousPatterns: {
      type: 'list',
      of: { type: 'choice', of: PATTERN_KINDS, doc: 'A kind of patterns.' },
      orTrue: 'all kinds',
      orFalse: 'not at all',
      default: 'false',
      live,
      doc: 'Look for texts that are shaped like attacks.',
    },
    deniedSources: {
      type: 'section',
      orFalse: 'nobody is denied',
      default: 'false',
      live,
      doc: "Where the source is named that may be on the consumer's list of denied ones. At run time only where it was deployed.",
      keys: SOURCE_KEYS,
    },
    reputation: {
      type: 'section',
      orFalse: 'everybody is welcome',
      default: 'false',
      live,
      doc: 'Look at the reputation of the source. At run time only where it was deployed.',
      keys: {
        ...SOURCE_KEYS,
        minimumScore: {
          type: 'number',
          range: RANGES.score,
          required: true,
          live,
          doc: 'Lowest score that passes.',
        },
      },
    },
  },
} as const satisfies SectionKnob;

/** Kill switch of a queue. */
export const KILL_SWITCH = {
  type: 'section',
  orFalse: 'messages go to the dead-letter queue, however many',
  live,
  doc: 'Whether messages wait rather than fail when one fault takes many of them.',
  keys: {
    minMessages: {
      type: 'integer',
      range: RANGES.faultyMessages,
      default: String(killSwitch.minMessages),
      live,
      doc: 'Messages that one fault would have sent to the dead-letter queue within the window.',
    },
    share: {
      type: 'number',
      range: RANGES.share,
      default: String(killSwitch.share),
      live,
      doc: 'Share that they have to be of all messages that were done with meanwhile.',
    },
    window: {
      type: 'duration',
      range: RANGES.time,
      default: durationText(killSwitch.windowMs),
      live,
      doc: 'Window in which messages are counted.',
    },
    openFor: {
      type: 'duration',
      range: RANGES.time,
      default: durationText(killSwitch.openForMs),
      live,
      doc: 'Time for which the intake is held before one message may try again.',
    },
    maxOpenFor: {
      type: 'duration',
      range: RANGES.time,
      default: `${durationText(killSwitch.maxOpenForMs)}, or openFor if that is longer`,
      live,
      doc: 'Longest hold, which doubles with each try that fails. At least openFor.',
    },
  },
} as const satisfies SectionKnob;

const byReason = {
  type: 'integer',
  range: RANGES.attempts,
  live,
  doc: 'Attempts that fail for this reason, counted among the last 20.',
} as const;

/** Attempt budget of a queue's messages. */
export const ATTEMPTS = {
  type: 'section',
  live,
  doc: 'Attempt budget of a message.',
  keys: {
    max: {
      type: 'integer',
      range: RANGES.attempts,
      default: `attempts of the retry profile, or ${attempts.max}`,
      live,
      doc: 'Attempts in all.',
    },
    byReason: {
      type: 'section',
      default: `TIMEOUT: ${attempts.byReason.TIMEOUT}`,
      live,
      doc: 'Fewer attempts that fail for one reason.',
      keys: {
        INVALID_DATA: byReason,
        EXTERNAL_SERVICE_ERROR: byReason,
        TIMEOUT: byReason,
        PROCESSING_ERROR: byReason,
        EXPIRED: byReason,
        UNKNOWN: byReason,
      } satisfies Record<(typeof FAILURE_REASONS)[number], typeof byReason>,
    },
  },
} as const satisfies SectionKnob;
