import type { Mutant } from './mutant.ts';

const METRICS = 'local/page/metrics-array.ts';
const INLINE = 'local/page/shared/markdown-inline.ts';
const LOOPBACK = 'local/emulators/loopback.ts';
const PAGE = 'local/page/page.ts';
const ASSETS = 'local/page/assets.ts';
const DATA = 'local/page/widget-data.ts';

const SHOWS = 'the page shows what the dashboards say';
const SAFE = 'the page runs nothing that a stack says, and answers nobody but this machine';

const metricsTests = ['test/page/metrics-array.test.ts'];
const markdownTests = ['test/page/markdown.test.ts'];
const serverTests = ['test/page/server.test.ts'];
const dataTests = ['test/page/widget-data.test.ts'];

/** Mutants of the page of the local stack. */
export const PAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'page: repeat one field for three points',
    rule: SHOWS,
    file: METRICS,
    find: 'above.length - (given.length - 1);',
    replace: 'Math.min(1, above.length - (given.length - 1));',
    tests: metricsTests,
  },
  {
    name: 'page: repeat an expression in the row below',
    rule: SHOWS,
    file: METRICS,
    find: 'if (read.fields !== undefined) above = read.fields;',
    replace: 'above = read.fields ?? [];',
    tests: metricsTests,
  },
  {
    name: 'page: take a dimension without a value',
    rule: SHOWS,
    file: METRICS,
    find: 'if (pairs.length % 2 !== 0)',
    replace: 'if (pairs.length < 0)',
    tests: metricsTests,
  },
  {
    name: 'page: draw what is not to be visible',
    rule: SHOWS,
    file: METRICS,
    find: "visible: booleanAt(options, 'visible') ?? true,",
    replace: 'visible: true,',
    tests: metricsTests,
  },
  {
    name: 'page: cut the whole time where its period begins elsewhere',
    rule: SHOWS,
    file: DATA,
    find: 'query.periodIsRange ? startOfMinute(range.startEpochMs) : 0;',
    replace: '0;',
    tests: dataTests,
  },
  {
    name: 'page: give a row an id that another one has',
    rule: SHOWS,
    file: DATA,
    find: 'while (taken.has(`row${count}`));',
    replace: 'while (taken.has(`row`));',
    tests: dataTests,
  },
  {
    name: 'page: link to whatever is written',
    rule: SAFE,
    file: INLINE,
    find: "return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;",
    replace: 'return url.href;',
    tests: markdownTests,
  },
  {
    name: 'page: link to what only looks like http',
    rule: SAFE,
    file: INLINE,
    find: "return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;",
    replace: "return address.includes('http') ? address : undefined;",
    tests: markdownTests,
  },
  {
    name: 'page: emphasise within names',
    rule: SHOWS,
    file: INLINE,
    find: '(?<!\\w)_(\\S(?:[^_]*\\S)?)_(?!\\w)',
    replace: '_(\\S(?:[^_]*\\S)?)_',
    tests: markdownTests,
  },
  {
    name: 'page: answer whatever the host is called',
    rule: SAFE,
    file: LOOPBACK,
    find: '    if (isLoopbackHost(request.headers.host)) {',
    replace: '    if (request.headers.host !== undefined) {',
    tests: serverTests,
  },
  {
    name: 'page: take a host that only begins like loopback',
    rule: SAFE,
    file: LOOPBACK,
    find: "|| name === LOOPBACK || name === '[::1]';",
    replace: "|| name.startsWith(LOOPBACK) || name === '[::1]';",
    tests: serverTests,
  },
  {
    name: 'page: answer requests that would change something',
    rule: SAFE,
    file: PAGE,
    find: "if (request.method !== 'GET' && request.method !== 'HEAD') {",
    replace: "if (request.method === 'TRACE') {",
    tests: serverTests,
  },
  {
    name: 'page: forget the security policy',
    rule: SAFE,
    file: PAGE,
    find: '    ...SECURITY_HEADERS,\n',
    replace: '',
    tests: serverTests,
  },
  {
    name: 'page: serve whatever file a path leads to',
    rule: SAFE,
    file: ASSETS,
    find: '/^\\/((?:client|shared)\\/(?:[a-z]+\\/)?[a-z]+(?:-[a-z]+)*)\\.(?:js|ts)$/',
    replace: '/^\\/(.+)\\.(?:js|ts)$/',
    tests: serverTests,
  },
];
