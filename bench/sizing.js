/**
 * The model of docs/sizing.md against a simulation, event by event, of up to 10 000 tasks at a time.
 *
 *     npm run bench -- sizing [--write] [--seed N]      # --write: the table and the pictures of docs/sizing.md
 */
const { readFileSync, writeFileSync } = require('fs');
const { join } = require('path');
const { waiting } = require('../lib/celery/sizing');
const { chart } = require('./sizing-chart');

const DOCS = join(__dirname, '..', 'docs');
const SHARE = 0.95;
/** The table: each number of slots, how busy they are, and how much task times vary. */
const SLOTS = [2, 10, 100, 1000, 10_000];
const busyOf = (slots) => slots < 1000 ? [0.7, 0.9, 0.98] : [0.9, 0.98, 0.995];
const VARIATIONS = [0, 1, 2];

/** Numbers from 0 to 1, the same for one seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Task times with a mean of 1: all alike, exponential, or log-normal. */
function times(variation, next) {
  if (variation === 0) return () => 1;
  if (variation === 1) return () => -Math.log(1 - next());
  const sigma = Math.sqrt(Math.log(1 + variation ** 2));
  return () => Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()) - sigma ** 2 / 2);
}

/** Moves the first of a heap to its place after it has grown. */
function sink(heap) {
  const value = heap[0];
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child += 1;
    if (heap[child] >= value) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = value;
}

/** How long tasks wait, in times of a task: first come, first served, each by the slot that is free first. */
function simulate({ slots, busy, variation, seed }) {
  const next = random(seed);
  const time = times(variation, next);
  // What happens in the beginning, when all are free, is left out. The busier they are, the longer a queue takes to build up.
  const settle = Math.round(slots * 30 + 20 / (1 - busy) ** 2);
  const tasks = Math.min(6_000_000, Math.max(1_000_000, Math.round(2400 / (1 - busy) ** 2)));
  const free = new Float64Array(slots);
  const waits = new Float64Array(tasks);
  let now = 0;
  for (let i = -settle; i < tasks; i += 1) {
    now += -Math.log(1 - next()) / (busy * slots);
    const begins = Math.max(now, free[0]);
    if (i >= 0) waits[i] = begins - now;
    free[0] = begins + time();
    sink(free);
  }
  waits.sort();
  return { mean: waits.reduce((sum, one) => sum + one, 0) / tasks, atMost: waits[Math.ceil(SHARE * tasks) - 1], tasks };
}

const model = ({ slots, busy, variation }) => waiting({ rate: busy * slots, seconds: 1, variation }, slots, SHARE);
const shown = (value) => value < 0.0005 ? '0' : value >= 10 ? value.toFixed(1) : value.toPrecision(2).replace(/\.?0+$/, (zeros) => zeros.includes('.') ? '' : zeros);

module.exports = function sizing(_folder, options) {
  const seed = options.includes('--seed') ? Number(options[options.indexOf('--seed') + 1]) : 1;
  const rows = SLOTS.flatMap((slots) => busyOf(slots).flatMap((busy) => VARIATIONS.map((variation) => ({ slots, busy, variation }))));
  const done = rows.map((row, i) => ({ row, model: model(row), found: simulate({ ...row, seed: seed * 1000 + i }) }));
  const table = [
    '| slots | busy | variation | mean: model | mean: simulated | 95 of 100: model | 95 of 100: simulated |', '|---|---|---|---|---|---|---|',
    ...done.map(({ row, model: said, found }) =>
      `| ${[row.slots, `${Math.round(1000 * row.busy) / 10} %`, row.variation, shown(said.mean), shown(found.mean), shown(said.atMost), shown(found.atMost)].join(' | ')} |`),
  ].join('\n');
  console.log(table);
  // In times of a task: below that nobody notices.
  const off = (said, found) => Math.abs(said - found) / Math.max(found, 0.05);
  const worst = (variation, part) => {
    const most = Math.max(...done.filter(({ row }) => row.variation === variation).map((one) => off(one.model[part], one.found[part])));
    return `${(100 * most).toFixed(0)} %`;
  };
  const summary = VARIATIONS.map((one) => `variation ${one}: ${worst(one, 'mean')}, ${worst(one, 'atMost')}`).join('; ');
  console.log(`\nfurthest off, by the mean and by 95 of 100: ${summary}`);
  if (!options.includes('--write')) return;

  const page = join(DOCS, 'sizing.md');
  const place = /(<!-- table[^\n]*-->\n)[^]*?(<!-- end of the table -->)/;
  writeFileSync(page, readFileSync(page, 'utf8').replace(place, (_, begin, end) => `${begin}\n${table}\n\n${end}`));
  const shares = Array.from({ length: 66 }, (_, i) => 0.33 + i / 100);
  const curve = (slots, variation) => shares.map((busy) => [100 * busy, model({ slots, busy, variation }).atMost]);
  const points = (slots, variation) => [50, 60, 70, 80, 90, 95].map((busy, i) =>
    [busy, simulate({ slots, busy: busy / 100, variation, seed: seed * 1000 + 500 + i }).atMost]);
  const x = { title: 'how busy the workers are, in percent', from: 30, to: 100, ticks: [30, 40, 50, 60, 70, 80, 90, 100] };
  const y = { from: 0, to: 6, ticks: [0, 1, 2, 3, 4, 5, 6], title: '95 of 100 tasks wait at most, in times of a task' };
  writeFileSync(join(DOCS, 'sizing', 'waiting.svg'), chart({
    title: 'How long tasks wait, by the number that run at a time', x, y, note: 'lines: the model; dots: the simulation; variation 1',
    lines: [2, 4, 10, 40, 200].map((slots) => ({ name: `${slots} tasks at a time`, points: curve(slots, 1), dots: points(slots, 1) })),
  }));
  writeFileSync(join(DOCS, 'sizing', 'variation.svg'), chart({
    title: 'How long tasks wait, by how much task times vary', x, y, note: 'lines: the model; dots: the simulation; 10 tasks at a time',
    lines: [0, 1, 2].map((variation) => ({ name: `variation ${variation}`, points: curve(10, variation), dots: points(10, variation) })),
  }));
};
