import type { PageDashboard } from '../shared/model.ts';
import { element } from './dom.ts';

/** The choice of what is shown; it stands in the address, so that a reload shows the same. */
export interface Controls {
  readonly element: HTMLElement;
  dashboard(): PageDashboard | undefined;
  rangeSeconds(): number;
}

const RANGES: readonly (readonly [seconds: number, label: string])[] = [
  [300, '5 min'],
  [900, '15 min'],
  [3_600, '1 h'],
  [10_800, '3 h'],
];

/** Make the picker of dashboards and of the time that is shown. */
export function createControls(
  dashboards: readonly PageDashboard[],
  {
    defaultRange,
    onDashboard,
    onRange,
  }: { readonly defaultRange: number; onDashboard(): void; onRange(): void },
): Controls {
  const address = new URL(location.href);
  const asked = address.searchParams.get('dashboard');
  let dashboard = dashboards.find(({ id }) => id === asked) ?? dashboards[0];
  const askedRange = Number(address.searchParams.get('range'));
  let range = RANGES.find(([seconds]) => seconds === askedRange)?.[0] ?? defaultRange;

  const remember = (name: string, value: string): void => {
    address.searchParams.set(name, value);
    history.replaceState(null, '', address);
  };
  const title = element('h2', { id: 'dashboard-title' }, dashboard?.title ?? 'Dashboard');
  const picker = pickerOf(dashboards, dashboard, (chosen) => {
    dashboard = chosen;
    title.textContent = chosen.title;
    remember('dashboard', chosen.id);
    onDashboard();
  });
  const ranges = RANGES.map(([seconds, label]) => {
    const radio = element('input', {
      type: 'radio',
      name: 'range',
      value: seconds,
      checked: seconds === range,
    });
    radio.addEventListener('change', () => {
      range = seconds;
      remember('range', String(seconds));
      onRange();
    });
    return element('label', {}, radio, element('span', {}, label));
  });
  return {
    element: element(
      'div',
      { class: 'section-head' },
      title,
      ...picker,
      element(
        'fieldset',
        { class: 'ranges' },
        element('legend', { class: 'hidden' }, 'Time shown'),
        ...ranges,
      ),
    ),
    dashboard: () => dashboard,
    rangeSeconds: () => range,
  };
}

function pickerOf(
  dashboards: readonly PageDashboard[],
  chosen: PageDashboard | undefined,
  onChosen: (dashboard: PageDashboard) => void,
): HTMLElement[] {
  if (dashboards.length < 2) return [];
  const several = new Set(dashboards.map(({ stack }) => stack)).size > 1;
  const options = dashboards.map(({ id, title, stack }) =>
    element('option', { value: id, selected: id === chosen?.id }, several ? `${stack}: ${title}` : title),
  );
  const select = element('select', { 'aria-label': 'Dashboard' }, ...options);
  select.addEventListener('change', () => {
    const found = dashboards.find(({ id }) => id === select.value);
    if (found !== undefined) onChosen(found);
  });
  return [select];
}
