import type { PageData } from '../shared/model.ts';
import { createAlarmPanel } from './alarm-panel.ts';
import { fetchAlarms, fetchDashboards, fetchData, NoAnswerError } from './api.ts';
import { createControls } from './controls.ts';
import { createDashboard, type DrawnDashboard } from './dashboard.ts';
import { byId, element } from './dom.ts';
import { type Live, type LiveState, live } from './live.ts';
import { pageClock } from './moments.ts';
import { createNotices } from './notices.ts';
import { createStatus } from './status.ts';

/** Time between two looks; shorter while the stack's time runs fast. Milliseconds. */
const LOOK_EVERY_MS = { normal: 2_000, scaled: 1_000 };
/** What is shown at first, in seconds of the stack: of fast time, 15 minutes are gone before one has looked. */
const DEFAULT_RANGE = { normal: 900, scaled: 3_600 };
const RETRY_MS = 2_000;

const clock = pageClock();
const status = createStatus(byId('connection'), byId('clock'), clock);
const notices = createNotices(byId('notices'));
void start();

async function start(): Promise<void> {
  try {
    await show();
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    onState('lost');
    setTimeout(start, RETRY_MS);
  }
}

async function show(): Promise<void> {
  const told = await fetchDashboards();
  clock.take(told);
  const { dashboards, run } = told;
  const panel = createAlarmPanel(byId('alarms'), byId('announcer'), clock);
  const host = byId('dashboard');
  const grid = element('div', { class: 'host' });
  let drawn: DrawnDashboard | undefined;
  let loop: Live | undefined;
  const defaultRange = told.timeScale > 1 ? DEFAULT_RANGE.scaled : DEFAULT_RANGE.normal;
  const controls = createControls(dashboards, {
    defaultRange,
    onDashboard: draw,
    onRange: () => loop?.now(),
  });
  host.replaceChildren(controls.element, grid);
  draw();
  const everyMs = told.timeScale > 1 ? LOOK_EVERY_MS.scaled : LOOK_EVERY_MS.normal;
  loop = live({ everyMs, look, onState });

  function draw(): void {
    drawn?.destroy();
    drawn = createDashboard(controls.dashboard(), clock);
    grid.replaceChildren(drawn.element);
    loop?.now();
  }

  async function look(): Promise<void> {
    const shown = controls.dashboard();
    const [alarms, data] = await Promise.all([
      fetchAlarms(),
      shown === undefined ? undefined : fetchData(shown.id, controls.rangeSeconds()),
    ]);
    if (alarms.run !== run) location.reload();
    clock.take(alarms);
    panel.update(alarms.alarms);
    notices.needsPerson(alarms.alarms);
    if (isOf(data, shown?.id)) drawn?.update(data, alarms.alarms);
    document.title = panel.title();
  }

  /** Whether an answer is about what is shown still: the picker may have been used meanwhile. */
  function isOf(data: PageData | undefined, id: string | undefined): data is PageData {
    return data !== undefined && controls.dashboard()?.id === id;
  }
}

function onState(state: LiveState): void {
  status.state(state);
  notices.lost(state === 'lost');
}
