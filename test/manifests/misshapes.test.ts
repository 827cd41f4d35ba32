import { misshapes } from '../../src/manifests/misshapes';
import { World } from '../../src/manifests/world';

/** What is wrong in a container, as `field: value, allowed (note)`. */
function wrong(container: object): string[] {
  const world = new World([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' }, spec: { containers: [{ name: 'main', image: 'shop:1', ...container }] } }]);
  return misshapes(world.workloads[0]).map(({ path, value, allowed, note }) => `${path.slice(3).join('.')}: ${value}, ${allowed}${note === undefined ? '' : ` (${note})`}`);
}

test.each<[object, string[]]>([
  [{ tty: true }, []], [{ tty: 'true' }, ['tty: true, true or false without quotes (it is a text)']], [{ tty: 1 }, ['tty: 1, true or false without quotes (it is a number)']],
  [{ workingDir: 5 }, ['workingDir: 5, a text in quotes (it is a number)']], [{ workingDir: { a: 1 } }, ['workingDir: workingDir, a text in quotes (it is a map)']],
  [{ workingDir: ['/a', '/b'] }, ['workingDir: workingDir, a text in quotes (it is a list)']], [{ workingDir: ['folder'] }, []], [{ workingDir: [5] }, ['workingDir: workingDir, a text in quotes (it is a list)']],
  [{ workingDir: ['/a/b'] }, ['workingDir: workingDir, a text in quotes (it is a list)']],
  [{ ports: [{ containerPort: 80.5 }] }, ['ports.0.containerPort: 80.5, a whole number']], [{ ports: [{ containerPort: '80' }] }, ['ports.0.containerPort: 80, a number without quotes (it is a text)']],
  [{ resources: { limits: { memory: true } } }, ['resources.limits.memory: true, 512Mi or 2Gi (it is a boolean)']], [{ resources: { limits: { memory: 5 } } }, []],
  [{ livenessProbe: { tcpSocket: { port: true } } }, ['livenessProbe.tcpSocket.port: true, a number, or a text (it is a boolean)']],
  [{ imagePullPolicy: 'always' }, ['imagePullPolicy: always, Always, IfNotPresent, Never']], [{ imagePullPolicy: '${POLICY}' }, []], [{ imagePullPolicy: 5 }, ['imagePullPolicy: 5, Always, IfNotPresent, Never (it is a number)']],
])('%j', (container, expected) => {
  expect(wrong(container)).toEqual(expected);
});
