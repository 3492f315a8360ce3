import type { Template } from 'aws-cdk-lib/assertions';

/** A widget of a dashboard, as CloudWatch reads it. */
export interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly view?: string;
    readonly alarms?: readonly string[];
    readonly metrics?: readonly (readonly unknown[])[];
    readonly stacked?: boolean;
    readonly setPeriodToTimeRange?: boolean;
    readonly yAxis?: { readonly left?: { readonly min?: number; readonly max?: number } };
    readonly annotations?: {
      readonly horizontal: readonly { readonly value: number; readonly label: string }[];
    };
  };
}

/** A dashboard, as CloudWatch reads it. */
export interface Body {
  readonly start: string;
  readonly widgets: readonly Widget[];
}

/** Body of the only dashboard of a template, with a name in place of each reference. */
export function bodyOf(template: Template): Body {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const parts: unknown[] = dashboard?.Properties.DashboardBody['Fn::Join'][1];
  return JSON.parse(parts.map(nameOf).join(''));
}

function nameOf(part: unknown): string {
  if (typeof part === 'string') return part;
  return `<${JSON.stringify(part).replaceAll(/[^\w.:,-]/g, '')}>`;
}

/** A metric or an expression of a widget. */
export type Drawn =
  | {
      readonly kind: 'metric';
      readonly namespace: string;
      readonly name: string;
      readonly dimensions: Readonly<Record<string, unknown>>;
      readonly options: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'expression';
      readonly expression: string;
      readonly options: Readonly<Record<string, unknown>>;
    };

/** What a widget draws, hidden metrics behind expressions included. */
export function drawnBy({ properties }: Widget): Drawn[] {
  return (properties.metrics ?? []).map((entry) => {
    const last = entry.at(-1);
    const options = isRecord(last) ? last : {};
    if (isRecord(entry[0])) return { kind: 'expression', expression: String(options.expression), options };
    const names = entry.filter((each) => typeof each === 'string');
    const dimensions: Record<string, unknown> = {};
    for (let at = 2; at < names.length; at += 2) dimensions[names[at] ?? ''] = names[at + 1];
    return { kind: 'metric', namespace: names[0] ?? '', name: names[1] ?? '', dimensions, options };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
