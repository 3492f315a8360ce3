import { Token } from 'aws-cdk-lib';
import type { Problems } from '../../private/problems.ts';

/** Pages that a dashboard refers to, in the docs folder of Spillway. */
const PAGES = ['dashboards.md', 'alarms.md', 'operations.md'] as const;

/** A page of the runbook. */
export type RunbookPage = (typeof PAGES)[number];

/** Markdown that leads to pages of the runbook: links where it is known where they are, else their names. */
export class Runbook {
  private readonly base: string | undefined;

  /** `url` is the address of the folder of the pages. */
  constructor(url: string | undefined, problems: Problems) {
    this.base = url?.replace(/\/+$/, '');
    if (url === undefined || Token.isUnresolved(url)) return;
    const ofFolder = !/[?#]|\.(md|html?)\/*$/i.test(url);
    if (ofFolder && /^https?:\/\/[^\s()<>]+$/.test(url)) return;
    const because = 'text widgets link to its pages in Markdown';
    problems.add(
      'runbookUrl',
      'must be an http or https address of a folder, without spaces, parentheses, angle brackets, ? and #',
      url,
      because,
    );
  }

  /** Lead to a page, or to a heading in it. */
  to(page: RunbookPage, words: string, heading?: string): string {
    const anchor = heading === undefined ? '' : `#${heading.toLowerCase().replaceAll(' ', '-')}`;
    if (this.base === undefined) return `${words}: docs/${page}${anchor}`;
    return `[${words}](${this.base}/${page}${anchor})`;
  }
}
