import type { ConsumerSettings, SettingsInput } from '../../../lambdas/index.ts';
import { type Effect, orders } from './effect.ts';
import type { Order, Running } from './running.ts';

/** What the checks say of a message: the reason for which it is quarantined, or that it is handled. */
async function verdictOn(
  r: Running,
  order: Order = {},
  attributes: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const [event] = await r.invoke([r.message(order, attributes)]);
  return event?.kind === 'quarantined' ? event.reason : event?.kind;
}

type Screening = SettingsInput<ConsumerSettings['screening']>;

const screened = (
  option: string,
  deployed: Screening,
  text: string,
): Pick<Effect, 'option' | 'deployed' | 'text'> => ({
  option: `queues.*.screening.${option}`,
  deployed: { screening: deployed },
  text: orders(`screening: { ${text} }`),
});

const sized = async (r: Running) => [
  await verdictOn(r, { note: 'a'.repeat(100) }),
  await verdictOn(r, { note: 'a'.repeat(1_000) }),
];
const LARGE = 'SIZE_LIMIT_EXCEEDED';

const noted = async (r: Running) => [await verdictOn(r, { note: 'n' }), await verdictOn(r)];
const MISSING = 'MISSING_REQUIRED_FIELDS';

const attacked = async (r: Running) => [
  await verdictOn(r, { note: '../../etc/passwd' }),
  await verdictOn(r, { note: '<script>alert(1)</script>' }),
];
const SUSPICIOUS = 'SUSPICIOUS_PATTERN';

/** Three messages that each name somebody else at one of three places. */
const sourced = (prepare: (r: Running) => void) => async (r: Running) => {
  prepare(r);
  return [
    await verdictOn(r, { from: 'ann' }, { sender: 'mallory', agent: 'ann' }),
    await verdictOn(r, { from: 'ann' }, { sender: 'ann', agent: 'mallory' }),
    await verdictOn(r, { from: 'mallory' }, { sender: 'ann', agent: 'ann' }),
  ];
};
const denied = sourced((r) => r.stores.denySource('mallory'));
const DENIED = 'DENIED_SOURCE';
const disreputable = sourced(({ stores }) => {
  stores.setReputation('mallory', 40);
  stores.setReputation('ann', 90);
});
const LOW = 'LOW_REPUTATION';

/** Effects of the checks before the handler. */
export const SCREENING_EFFECTS: readonly Effect[] = [
  {
    ...screened('maxSize', { maxBytes: 2_048 }, 'maxSize: 80B'),
    seen: sized,
    before: ['handled', 'handled'],
    after: [LARGE, LARGE],
  },
  {
    ...screened('maxSize: false', { maxBytes: 512 }, 'maxSize: false'),
    seen: sized,
    before: ['handled', LARGE],
    after: ['handled', 'handled'],
  },
  {
    ...screened('requiredFields', {}, 'requiredFields: [/note]'),
    seen: noted,
    before: ['handled', 'handled'],
    after: ['handled', MISSING],
  },
  {
    ...screened('requiredFields: false', { requiredFields: ['/note'] }, 'requiredFields: false'),
    seen: noted,
    before: ['handled', MISSING],
    after: ['handled', 'handled'],
  },
  {
    ...screened('suspiciousPatterns', {}, 'suspiciousPatterns: [path-traversal]'),
    seen: attacked,
    before: ['handled', 'handled'],
    after: [SUSPICIOUS, 'handled'],
  },
  {
    ...screened('suspiciousPatterns: true', {}, 'suspiciousPatterns: true'),
    seen: attacked,
    before: ['handled', 'handled'],
    after: [SUSPICIOUS, SUSPICIOUS],
  },
  {
    ...screened(
      'suspiciousPatterns: false',
      { suspiciousPatterns: ['script-injection'] },
      'suspiciousPatterns: false',
    ),
    seen: attacked,
    before: ['handled', SUSPICIOUS],
    after: ['handled', 'handled'],
  },
  ...(
    [
      ['deniedSources', { deniedSources: { attribute: 'sender' } }, '', denied, DENIED],
      [
        'reputation',
        { reputation: { source: { attribute: 'sender' }, minimumScore: 50 } },
        ', minimumScore: 50',
        disreputable,
        LOW,
      ],
    ] as const
  ).flatMap(([check, deployed, more, seen, refused]): Effect[] => [
    {
      ...screened(`${check}.attribute`, deployed, `${check}: { attribute: agent${more} }`),
      seen,
      before: [refused, 'handled', 'handled'],
      after: ['handled', refused, 'handled'],
    },
    {
      ...screened(`${check}.pointer`, deployed, `${check}: { pointer: /from${more} }`),
      seen,
      before: [refused, 'handled', 'handled'],
      after: ['handled', 'handled', refused],
    },
    {
      ...screened(`${check}: false`, deployed, `${check}: false`),
      seen,
      before: [refused, 'handled', 'handled'],
      after: ['handled', 'handled', 'handled'],
    },
  ]),
  {
    ...screened(
      'reputation.minimumScore',
      { reputation: { source: { attribute: 'sender' }, minimumScore: 50 } },
      'reputation: { attribute: sender, minimumScore: 30 }',
    ),
    seen: disreputable,
    before: [LOW, 'handled', 'handled'],
    after: ['handled', 'handled', 'handled'],
  },
];
