import { execFile, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Event, Pod } from 'kubernetes-types/core/v1';
import { status } from '../../src/cli/status';

/** One line on the terminal at once, with the time; jest holds back what goes to the console. */
export function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

/** What kubectl prints, in the current context. Fails with its words when it fails. */
export async function kubectl(args: string[], stdin = ''): Promise<string> {
  const command = promisify(execFile)('kubectl', args, { maxBuffer: 64 * 1024 * 1024 });
  // A kubectl that ends without reading breaks the pipe, now and then also where nothing is written; its own status says whether it failed.
  command.child.stdin?.on('error', () => undefined).end(stdin);
  const { stdout } = await command;
  return stdout;
}

/** Polls until `look` no longer throws, and returns what it returned. */
export async function eventually<T>(what: string, seconds: number, look: () => Promise<T>): Promise<T> {
  const start = Date.now();
  say(`waiting up to ${seconds} s: ${what}`);
  for (;;) {
    try {
      const seen = await look();
      say(`after ${Math.round((Date.now() - start) / 1000)} s: ${what}`);
      return seen;
    } catch (error) {
      if (Date.now() - start > seconds * 1000) throw new Error(`not within ${seconds} s: ${what}\n${message(error)}`);
    }
    await pause(2_000);
  }
}

/** Polls for the whole of a time, and fails as soon as `look` throws. */
export async function always(what: string, seconds: number, look: () => Promise<void>): Promise<void> {
  const start = Date.now();
  say(`watching for ${Math.round(seconds)} s: ${what}`);
  do {
    await look().catch((error) => {
      throw new Error(`no longer true after ${Math.round((Date.now() - start) / 1000)} s: ${what}\n${message(error)}`);
    });
    await pause(5_000);
  } while (Date.now() - start < seconds * 1000);
}

/** jest's `test`, which shows what is on the cluster when the test fails. */
export function testIn(...namespaces: string[]) {
  return (name: string, body: () => Promise<void>): void => test(name, async () => {
    say(`— ${name}`);
    try {
      await body();
    } catch (error) {
      for (const namespace of namespaces) await show(namespace);
      throw error;
    }
  });
}

/** The pods that are there to stay: not those on their way out. */
export async function pods(namespace: string, selector = ''): Promise<Pod[]> {
  const { items } = JSON.parse(await kubectl(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']));
  return (items as Pod[]).filter((pod) => !pod.metadata!.deletionTimestamp);
}

/** Exactly so many pods, and all of them ready. */
export async function readyPods(namespace: string, selector: string, count: number): Promise<Pod[]> {
  const found = await pods(namespace, selector);
  const ready = found.filter((pod) => pod.status!.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'));
  if (found.length !== count || ready.length !== count) {
    throw new Error(`${ready.length} of ${found.length} pods with ${selector} are ready in ${namespace}, not ${count} of ${count}`);
  }
  return ready;
}

/** How often containers of these pods have started again, init containers included. */
export function restarts(pods: Pod[]): number {
  return pods.flatMap(({ status }) => [...status!.initContainerStatuses ?? [], ...status!.containerStatuses ?? []])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** The events of this reason: of all objects in the namespace, or of one pod. */
export async function events(namespace: string, reason: string, pod?: Pod): Promise<Event[]> {
  const selector = [`reason=${reason}`, ...pod ? [`involvedObject.uid=${pod.metadata!.uid}`] : []].join(',');
  return JSON.parse(await kubectl(['get', 'events', '-n', namespace, '--field-selector', selector, '-o', 'json'])).items;
}

/** What these pods have printed: one container of them, or all, init containers included. */
export async function logs(namespace: string, selector: string, container?: string): Promise<string> {
  return kubectl(['logs', '-n', namespace, '-l', selector, '--tail=-1', ...container ? ['-c', container] : ['--all-containers']]);
}

export async function exec(namespace: string, target: string, command: string[], stdin = ''): Promise<string> {
  return kubectl(['exec', '-i', '-n', namespace, target, '--', ...command], stdin);
}

/**
 * Sends a signal to the main process of a pod's first container from its node, by a pod in a namespace that admits privileged ones.
 * From within the pod it can't be done: the kernel shields PID 1 of a PID namespace from all signals of that namespace, those of an
 * ephemeral container too.
 */
export async function signal(pod: Pod, name: 'KILL' | 'STOP', nodeAccess: string): Promise<void> {
  const id = pod.status!.containerStatuses![0].containerID!.split('//')[1];
  await kubectl([
    'debug', `node/${pod.spec!.nodeName}`, '-n', nodeAccess, '--profile=sysadmin', `--image=${pod.spec!.containers[0].image}`, '--', 'sh', '-c',
    // The one whose parent, the container runtime, is not in the container.
    `all=$(grep -l ${id} /proc/[0-9]*/cgroup | cut -d/ -f3); for pid in $all; do `
    + `parent=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$pid/status); echo $all | grep -qw $parent || kill -${name} $pid; done`,
  ]);
}

/** Drops all packets between a pod and other pods for so many seconds, on its node, and returns when that is over. */
export async function cutOff(pod: Pod, seconds: number, nodeAccess: string): Promise<void> {
  const rules = ['-s', '-d'].map((side) => `FORWARD ${side} ${pod.status!.podIP} -j DROP`);
  const each = (action: string): string => rules.map((rule) => `iptables -w ${action} ${rule}`).join('; ');
  const name = `cut-off-${Date.now()}`;
  await kubectl([
    'debug', `node/${pod.spec!.nodeName}`, '-n', nodeAccess, '--profile=sysadmin', `--image=${pod.spec!.containers[0].image}`, '--container', name, '--',
    'chroot', '/host', 'sh', '-c', `trap '${each('-D')}' EXIT; ${each('-I')}; sleep ${seconds}`,
  ]);
  await eventually('packets pass again', seconds + 30, async () => {
    const states = (await pods(nodeAccess)).flatMap(({ status }) => status?.containerStatuses ?? []).filter((status) => status.name === name);
    if (states.length !== 1 || !states[0].state?.terminated) throw new Error('they do not');
  });
}

/** Runs Python where the app is, or in any other pod that has it. */
export async function python(namespace: string, target: string, code: string): Promise<string> {
  return (await exec(namespace, target, ['python', '-'], code)).trim();
}

/** Calls `use` with the address on this machine that `kubectl port-forward` gives a port. No NetworkPolicy is in its way. */
export async function forwarded<T>(namespace: string, target: string, port: number, use: (address: string) => Promise<T>): Promise<T> {
  const forward = spawn('kubectl', ['port-forward', '-n', namespace, target, `:${port}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      forward.stdout.on('data', (data: Buffer) => {
        said += data.toString();
        const found = /Forwarding from (127\.0\.0\.1:\d+)/.exec(said)?.[1];
        if (found) resolve(found);
      });
      forward.once('error', reject).once('exit', (code) => reject(new Error(`kubectl port-forward ended with ${code}`)));
    });
    return await use(address);
  } finally {
    forward.kill();
  }
}

/** Which of these addresses a pod with Python can open a TCP connection to; a NetworkPolicy answers nothing. */
export async function reaches(namespace: string, pod: string, addresses: readonly string[]): Promise<string[]> {
  const code = `
import socket
from concurrent.futures import ThreadPoolExecutor
def opens(address):
    host, port = address.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), timeout=4).close()
        return True
    except OSError:
        return False
addresses = ${JSON.stringify(addresses)}
with ThreadPoolExecutor(len(addresses)) as threads:
    print(*[address for address, open in zip(addresses, threads.map(opens, addresses)) if open])
`;
  return (await python(namespace, pod, code)).split(' ').filter(Boolean);
}

/** What `cdk8s-celery status` prints, cell by cell, and its exit code. */
export async function told(namespace: string): Promise<{ code: number; rows: string[][] }> {
  let printed = '';
  const print = (text: string): void => { printed += text; };
  const code = await status(['-n', namespace], print, print);
  say(`status exits with ${code}\n${printed}`);
  return { code, rows: printed.trim().split('\n').slice(1).map((line) => line.split(/ {2,}/)) };
}

/** Prints what is in a namespace, in one piece: several may fail at the same time. */
export async function show(namespace: string): Promise<void> {
  const shown: string[] = [];
  const look = async (...args: string[]): Promise<void> => {
    shown.push(`$ kubectl ${args.join(' ')} -n ${namespace}\n${await kubectl([...args, '-n', namespace]).catch(message)}`);
  };
  await look('get', 'all,pvc,networkpolicies', '-o', 'wide');
  await look('describe', 'pods');
  await look('get', 'events', '--sort-by=.lastTimestamp');
  for (const { metadata, status } of await pods(namespace).catch(() => [])) {
    await look('logs', metadata!.name!, '--all-containers', '--prefix', '--tail=600');
    for (const container of (status!.containerStatuses ?? []).filter(({ restartCount }) => restartCount > 0)) {
      await look('logs', metadata!.name!, '-c', container.name, '--previous', '--tail=600');
    }
  }
  process.stderr.write(`\n${shown.join('\n\n')}\n`);
}

function message(error: unknown): string {
  const { message, stderr } = error as { message: string; stderr?: string };
  return stderr ? `${message.split('\n')[0]}\n${stderr}` : message;
}
