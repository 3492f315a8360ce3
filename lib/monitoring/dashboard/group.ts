import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { type Panel, row } from './panel.ts';

/** Panels about one pattern. */
export interface Group {
  /** Heading; its words, joined by hyphens, are the anchor in docs/dashboards.md. */
  readonly title: string;
  readonly rows: readonly IWidget[][];
}

/** Put panels into rows. Panels that have nothing to draw are left out, and so are rows of nothing else. */
export function group(title: string, ...rows: readonly (readonly (Panel | undefined)[])[]): Group {
  return { title, rows: rows.map(row).filter((widgets) => widgets.length > 0) };
}
