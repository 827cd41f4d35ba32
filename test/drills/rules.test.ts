import { deployed } from './drill';
import { packages } from './rules/cluster';
import { DRILLS, NODE_ACCESS } from './rules/drills';
import { Side } from './rules/side';
import { bringUp, empty, remove } from '../e2e/deployment';
import { say, show } from '../e2e/harness';

deployed(packages, empty(NODE_ACCESS));

// Most of the time is waiting, so several go on at once: as many as maxConcurrency in jest.config.js says.
test.concurrent.each(Object.entries(DRILLS))('%s', async (rule, drill) => {
  const sides = [new Side(rule, 'fail'), new Side(rule, 'pass')] as const;
  const namespaces = sides.map(({ namespace }) => namespace);
  const start = Date.now();
  try {
    await bringUp([{ namespaces, deploy: () => Promise.all(sides.map((side) => side.deploy())) }]);
    await drill(...sides);
    say(`${rule} is as its rule says, after ${Math.round((Date.now() - start) / 1000)} s`);
  } catch (error) {
    for (const namespace of namespaces) await show(namespace);
    throw error;
  } finally {
    await remove(namespaces);
  }
});
