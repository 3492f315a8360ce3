import { createHash } from 'node:crypto';
import type { ReceivedMessage } from 'spillway/runtime';
import * as z from 'zod';
import { EVENT_ATTRIBUTE } from './headers.ts';

/** What the tracker is told about a delivery. */
export interface Activity {
  readonly actor: string;
  readonly subject: string;
  readonly action: string | undefined;
}

// Tolerant readers: they look at what is needed and let everything else be as it is.
const activity = z
  .object({
    action: z.string().optional(),
    sender: z.object({ login: z.string().min(1) }),
    repository: z.object({ full_name: z.string().min(1) }).optional(),
    organization: z.object({ login: z.string().min(1) }).optional(),
  })
  .transform(({ action, sender, repository, organization }): Activity => {
    return {
      action,
      actor: sender.login,
      subject: repository?.full_name ?? organization?.login ?? sender.login,
    };
  });

const securityAdvisory = z
  .object({ action: z.string(), security_advisory: z.object({ ghsa_id: z.string().min(1) }) })
  .transform(({ action, security_advisory }): Activity => {
    return { action, actor: 'github', subject: security_advisory.ghsa_id };
  });

/** Schema of a delivery: security advisories come from GitHub itself and have no sender. */
export function deliverySchema({ attributes }: ReceivedMessage): typeof activity | typeof securityAdvisory {
  return attributes[EVENT_ATTRIBUTE] === 'security_advisory' ? securityAdvisory : activity;
}

/**
 * Idempotency key of a delivery. Not the delivery id: it is a header, which the signature does not cover, and a
 * repeated delivery of one event may come with another.
 */
export function deliveryKey(event: string, body: string): string {
  return createHash('sha256').update(`${event}\n${body}`).digest('hex');
}
