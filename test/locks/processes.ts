import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  output: string;
  /** Exit code or signal, once it has ended; or why it could not start. */
  end?: string;
}

/** The processes of one test: what they said, and that none outlives it. */
export class Processes {
  private readonly all: Running[] = [];

  public start(name: string, command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const running: Running = { name, child, output: '' };
    this.all.push(running);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => { running.output += text; });
    }
    // 'close' and not 'exit': by then its last words have been read.
    child.on('close', (code, signal) => { running.end ??= signal ?? `exit code ${code}`; });
    child.on('error', (error) => { running.end = error.message; });
  }

  public output(name: string): string {
    return this.get(name).output;
  }

  /** Waits until `condition` holds; gives up when the time is over or a process has ended. */
  public async until(what: string, seconds: number, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    while (!await condition()) {
      const ended = this.all.find(({ end }) => end !== undefined);
      if (ended) throw new Error(`Waited for: ${what}. But ${ended.name} ended: ${ended.end}.`);
      if (Date.now() > deadline) throw new Error(`Waited ${seconds} s in vain for: ${what}.`);
      await delay(100);
    }
  }

  /** How a process ended: 'exit code 0', a signal, or nothing within that time. */
  public async ended(name: string, seconds: number): Promise<string | undefined> {
    const running = this.get(name);
    const deadline = Date.now() + seconds * 1000;
    while (running.end === undefined && Date.now() < deadline) await delay(100);
    return running.end;
  }

  public terminate(name: string): void {
    this.get(name).child.kill('SIGTERM');
  }

  /** Ends at once whatever still runs. */
  public async killAll(): Promise<void> {
    for (const { end, child } of this.all) if (end === undefined) child.kill('SIGKILL');
    for (const { name } of this.all) await this.ended(name, 10);
  }

  /** What all processes have said, for a failed test. */
  public logs(): string {
    return this.all.map(({ name, end, output }) => `--- ${name} (${end ?? 'runs'})\n${output}`).join('\n');
  }

  private get(name: string): Running {
    const running = this.all.find((candidate) => candidate.name === name);
    if (!running) throw new Error(`No process ${name} was started.`);
    return running;
  }
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
