import { ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A headless Chromium, by Chromedriver (Debian: `apt-get install chromium chromium-driver`) and the WebDriver protocol. */
export class Browser {
  /** One for which `hosts` are at an address and port; it believes any certificate. */
  public static async open(hosts: readonly string[], at: string): Promise<Browser> {
    const port = await freePort();
    const driver = spawn('chromedriver', [`--port=${port}`], { stdio: 'ignore' });
    const profile = mkdtempSync(join(tmpdir(), 'chromium-'));
    const browser = new Browser(`http://127.0.0.1:${port}`, driver, profile);
    for (let tries = 0; ; tries += 1) {
      try {
        const { sessionId } = await browser.call<{ sessionId: string }>('POST', '/session', {
          capabilities: { alwaysMatch: {
            'acceptInsecureCerts': true,
            'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
            'goog:chromeOptions': { args: [
              '--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
              '--window-size=1280,800', `--user-data-dir=${profile}`, `--host-resolver-rules=${hosts.map((host) => `MAP ${host}:443 ${at}`).join(', ')}`,
            ] },
          } },
        });
        browser.session = `/session/${sessionId}`;
        return browser;
      } catch (error) {
        if (tries > 50) throw error;
        await pause(200);
      }
    }
  }

  private session = '';

  private constructor(private readonly driver: string, private readonly process: ChildProcess, private readonly profile: string) {}

  /** Opens a page, and waits until it has loaded. */
  public async go(url: string): Promise<void> {
    await this.call('POST', `${this.session}/url`, { url });
  }

  /** What a piece of JavaScript returns on the page. */
  public async run<T>(script: string): Promise<T> {
    return this.call<T>('POST', `${this.session}/execute/sync`, { script, args: [] });
  }

  /** What it shows, as text. */
  public async text(): Promise<string> {
    return this.run<string>('return document.body.innerText');
  }

  /** Status and URL, without credentials, of everything that it has asked for since the last call, without what it has not got an answer to. */
  public async answers(): Promise<{ status: number; url: string }[]> {
    const entries = await this.call<{ message: string }[]>('POST', `${this.session}/se/log`, { type: 'performance' });
    return entries.map(({ message }) => (JSON.parse(message) as DevToolsEvent).message)
      .filter(({ method }) => method === 'Network.responseReceived').map(({ params: { response: { status, url } } }) => ({ status, url: url.replace(/^(https?:\/\/)[^/@]*@/, '$1') }));
  }

  /** Errors on its console since the last call. */
  public async errors(): Promise<string[]> {
    const entries = await this.call<{ level: string; message: string }[]>('POST', `${this.session}/se/log`, { type: 'browser' });
    return entries.filter(({ level }) => level === 'SEVERE').map(({ message }) => message);
  }

  /** A picture of it, as PNG. */
  public async screenshot(): Promise<Buffer> {
    return Buffer.from(await this.call<string>('GET', `${this.session}/screenshot`), 'base64');
  }

  public async close(): Promise<void> {
    await this.call('DELETE', this.session).catch(() => undefined);
    this.process.kill();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.driver}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await answer.json() as { value: T & { error?: string; message?: string } };
    if (!answer.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  }
}

/** What Chromium says of its network. */
interface DevToolsEvent {
  readonly message: { readonly method: string; readonly params: { readonly response: { readonly status: number; readonly url: string } } };
}

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
