import { NAMESPACE, WEB } from './apps/django';
import { eventually, forwarded, logs, readyPods, testIn } from './harness';

testIn(NAMESPACE, WEB)('a Django application in another namespace sends a task under closed policies, and has its result', async () => {
  await eventually('the worker and the web application are ready', 240, () => Promise.all([
    readyPods(NAMESPACE, 'component=worker', 1), readyPods(WEB, 'app=web', 1),
  ]));
  expect(await forwarded(WEB, 'deployment/web', 8000, async (address) => (await fetch(`http://${address}/total`)).text())).toBe('3');
  expect(await logs(NAMESPACE, 'component=worker', 'worker')).toMatch(/Task shop\.tasks\.total\[\S+\] succeeded in \S+: 3/);
});
