import { installedVersion, installsOf } from '../../src/manifests/installs';
import { configMap, pod } from './pods';

const FILES = configMap('files', {
  'requirements.txt': '# all\ncelery[redis]==5.3.4 # pinned\n\n-i https://pypi.example\nrequests\n',
  'locked.txt': 'celery==5.6.3 \\\n  --hash=sha256:aa\nkombu==5.6.2 --hash=sha256:bb\n',
  'hashes.txt': '--require-hashes\n',
  'constraints.txt': 'kombu==5.6.2\n',
});

function read(...command: string[]) {
  const { workload } = pod({ command, workingDir: '/app', volumeMounts: [{ name: 'files', mountPath: '/app' }] }, { volumes: [{ name: 'files', configMap: { name: 'files' } }] }, FILES);
  return installsOf(workload);
}

/** `celery[redis]==5.3.4`, with `?` for a range that only a run tells, constraints behind a bar, and what else is known. */
function shown(...command: string[]): string[] {
  return read(...command).map(({ requirements, constraints, opaque, constrained, target }) => [
    requirements.map(({ name, extras, range }) => `${name}${extras.length > 0 ? `[${extras.join()}]` : ''}${range ?? '?'}`).join(' '),
    ...constraints.length > 0 ? [`| ${constraints.map(({ name, range }) => `${name}${range}`).join(' ')}`] : [],
    ...opaque ? ['opaque'] : [], ...constrained ? ['constrained'] : [], ...target === undefined ? [] : [`in ${target}`],
  ].join(' '));
}

test.each<[string[], string[]]>([
  [['pip', 'install', 'celery[redis]==5.3.4', 'flower'], ['celery[redis]==5.3.4 flower']],
  [['pip3', 'install', 'celery'], ['celery']],
  [['pip3.11', '--quiet', 'install', 'celery'], ['celery']],
  [['/usr/bin/pip', 'install', 'celery'], ['celery']],
  [['/usr/local/bin/pip', 'install', 'celery'], ['celery']],
  [['/opt/venv/bin/pip', 'install', 'celery'], ['celery in /opt/venv']],
  [['/opt/venv/bin/python3', '-m', 'pip', 'install', 'celery'], ['celery in /opt/venv']],
  [['python', '-m', 'pip', 'install', 'celery'], ['celery']],
  [['python', '-m', 'uv', 'pip', 'install', 'celery'], ['celery']],
  [['uv', 'pip', 'install', 'celery'], ['celery']],
  [['uv', 'sync'], []],
  [['pip', 'download', 'celery'], []],
  [['pipx', 'install', 'celery'], []],
  [['python', 'pip', 'install', 'celery'], []],
  [['pythonic', '-m', 'pip', 'install', 'celery'], []],
  [['install', 'pip', 'celery'], []],
  [['pip', 'install', '-q', '--no-cache-dir', 'celery'], ['celery']],
  [['pip', 'install', '-i', 'https://pypi.example', 'celery'], ['celery']],
  [['pip', 'install', '--index-url=https://pypi.example', 'celery'], ['celery']],
  [['pip', 'install', '--timeout', '60', 'celery'], ['celery']],
  [['pip', 'install', '-t', '/deps', 'celery'], ['celery in /deps']],
  [['pip', 'install', '--target=/deps', 'celery'], ['celery in /deps']],
  [['pip', 'install', '--prefix', '/deps', 'celery'], ['celery in /deps']],
  [['pip', 'install', '-e', '.', 'celery'], ['celery opaque']],
  [['pip', 'install', '--editable=.', 'celery'], ['celery opaque']],
  [['pip', 'install', './dist/shop.whl', 'celery'], ['celery opaque']],
  [['pip', 'install', 'git+https://example.com/celery.git'], [' opaque']],
  [['pip', 'install', 'celery @ https://example.com/celery.whl'], [' opaque']],
  [['pip', 'install', '--no-deps', 'celery'], ['celery constrained']],
  [['pip', 'install', '--require-hashes', 'celery'], ['celery constrained']],
  [['pip', 'install', '--no-index', 'celery'], ['celery constrained']],
  [['pip', 'install', '-r', 'requirements.txt'], ['celery[redis]==5.3.4 requests']],
  [['pip', 'install', '--requirement=requirements.txt', 'flower'], ['celery[redis]==5.3.4 requests flower']],
  [['pip', 'install', '-rrequirements.txt'], ['celery[redis]==5.3.4 requests']],
  [['pip', 'install', '-r', 'other.txt', '-r', 'requirements.txt'], ['celery[redis]==5.3.4 requests opaque']],
  [['pip', 'install', '-rother.txt', '-rrequirements.txt'], ['celery[redis]==5.3.4 requests opaque']],
  [['pip', 'install', '-r', 'locked.txt'], ['celery==5.6.3 kombu==5.6.2 constrained']],
  [['pip', 'install', '-r', 'hashes.txt', 'celery'], ['celery constrained']],
  [['pip', 'install', '-c', 'constraints.txt', 'celery'], ['celery | kombu==5.6.2 constrained']],
  [['pip', 'install', '--constraint=constraints.txt', 'celery'], ['celery | kombu==5.6.2 constrained']],
  [['pip', 'install', '--build-constraint', 'constraints.txt', 'celery'], ['celery | kombu==5.6.2 constrained']],
  [['pip', 'install', '-c', 'other.txt', 'celery'], ['celery constrained']],
  [['sh', '-c', 'pip install celery==$(date) "celery==$V"'], ['celery? celery?']],
  [['sh', '-c', 'pip install a; pip install b'], ['a', 'b']],
])('%j', (command, expected) => {
  expect(shown(...command)).toEqual(expected);
});

test('those of init containers come first', () => {
  const { workload } = pod({ command: ['pip', 'install', 'b'] }, { initContainers: [{ name: 'i', image: 'python:3.11', command: ['pip', 'install', 'a'] }] });
  expect(installsOf(workload).map(({ requirements }) => requirements[0].name)).toEqual(['a', 'b']);
});

test.each<[string, string | undefined]>([
  ['pip install celery==5.3.4', '5.3.4'], ['pip install celery>=5', undefined], ['pip install kombu==5.6.2', undefined],
  ['pip install "celery>=5"; pip install celery==5.6.3', '5.6.3'], ['pip install -c locked.txt celery', undefined], ['pip install -c locked.txt kombu', '5.6.3'],
])('the Celery of %s: %s', (script, version) => {
  const { workload } = pod({ command: ['sh', '-c', script], workingDir: '/app', volumeMounts: [{ name: 'files', mountPath: '/app' }] },
    { volumes: [{ name: 'files', configMap: { name: 'files' } }] }, FILES);
  expect(installedVersion(workload, 'celery')).toBe(version);
});
