import {
  type ConsumerSettings,
  DEFAULTS,
  type KillSwitchSettings,
  PATTERN_KINDS,
  type ScreeningSettings,
  type SourceSettings,
} from '../settings.ts';
import { backoffOn } from './circuit-on.ts';
import type { QueueContent, RetryProfileContent } from './language.ts';

/** What a file changes of a deployed consumer beside its circuits. */
export type QueuePart = Pick<
  ConsumerSettings,
  'concurrency' | 'attempts' | 'backoff' | 'screening' | 'killSwitch'
>;

/** A deployed consumer with what a file changes of it. What the file leaves out is as deployed. */
export function queueOn(
  deployed: ConsumerSettings,
  content: QueueContent,
  profile: RetryProfileContent | undefined,
): QueuePart {
  const { attempts } = deployed;
  return {
    concurrency: content.concurrency ?? deployed.concurrency,
    attempts: {
      max: content.attempts?.max ?? profile?.attempts ?? attempts.max,
      byReason: { ...attempts.byReason, ...content.attempts?.byReason },
    },
    backoff: backoffOn(deployed.backoff, profile ?? {}),
    screening: screeningOn(deployed.screening, content.screening ?? {}),
    killSwitch: killSwitchOn(deployed.killSwitch, content.killSwitch),
  };
}

type ScreeningContent = NonNullable<QueueContent['screening']>;

function screeningOn(deployed: ScreeningSettings, content: ScreeningContent): ScreeningSettings {
  const { requiredFields, suspiciousPatterns, deniedSources, reputation, ...rest } = deployed;
  const fields = content.requiredFields ?? requiredFields;
  const patterns = content.suspiciousPatterns ?? suspiciousPatterns;
  const denied = content.deniedSources ?? deniedSources;
  return {
    ...rest,
    maxBytes: content.maxSize ?? deployed.maxBytes,
    ...(fields === undefined || fields === false ? {} : { requiredFields: fields }),
    ...(patterns === undefined || patterns === false
      ? {}
      : { suspiciousPatterns: PATTERN_KINDS.filter((kind) => patterns === true || patterns.includes(kind)) }),
    ...(denied === undefined || denied === false ? {} : { deniedSources: sourceOf(denied) }),
    ...reputationOn(reputation, content.reputation),
  };
}

function reputationOn(
  deployed: ScreeningSettings['reputation'],
  content: ScreeningContent['reputation'],
): Pick<ScreeningSettings, 'reputation'> {
  if (deployed === undefined || content === false) return {};
  if (content === undefined) return { reputation: deployed };
  const named = content.attribute !== undefined || content.pointer !== undefined;
  const source = named ? sourceOf(content) : deployed.source;
  return { reputation: { source, minimumScore: content.minimumScore ?? deployed.minimumScore } };
}

function sourceOf(
  source: SourceSettings | { readonly attribute?: string; readonly pointer?: string },
): SourceSettings {
  if ('pointer' in source && source.pointer !== undefined) return { pointer: source.pointer };
  return { attribute: 'attribute' in source ? (source.attribute ?? '') : '' };
}

function killSwitchOn(
  deployed: KillSwitchSettings | false,
  content: QueueContent['killSwitch'],
): KillSwitchSettings | false {
  if (content === undefined) return deployed;
  if (content === false) return false;
  const own = deployed === false ? DEFAULTS.killSwitch : deployed;
  const openForMs = content.openFor ?? own.openForMs;
  return {
    minMessages: content.minMessages ?? own.minMessages,
    share: content.share ?? own.share,
    windowMs: content.window ?? own.windowMs,
    openForMs,
    maxOpenForMs: content.maxOpenFor ?? Math.max(own.maxOpenForMs, openForMs),
  };
}
