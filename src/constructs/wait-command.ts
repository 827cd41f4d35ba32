import type * as k8s from './kubernetes/api/types';

/** Tries a command until it ends with 0: one line for each try, and all that it has printed where it gives up. */
const WAIT = `
import subprocess, sys, time
limit, command = float(sys.argv[1]), sys.argv[2:]
start = time.monotonic()
for attempt in range(1, sys.maxsize):
    try:
        left = max(1, limit - (time.monotonic() - start))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=left)
        code, output = f'exit code {done.returncode}', done.stdout.strip()
    except subprocess.TimeoutExpired:
        code, output = 'no answer', ''
    except OSError as error:
        sys.exit(f'{command[0]}: {error.strerror}')
    spent = time.monotonic() - start
    if code == 'exit code 0':
        print(f'try {attempt}, {spent:.0f} s: done', flush=True)
        sys.exit(0)
    if spent >= limit:
        sys.exit(f'{output}\\ntry {attempt}, {spent:.0f} s: {code}; given up'.strip())
    print(f'try {attempt}, {spent:.0f} s: {code}: {(output.splitlines() or [""])[-1]}', flush=True)
    time.sleep(min(5, max(0, limit - spent)))
`;

/** The command line of an init container that waits for a command. */
export function waitCommand(seconds: number, command: readonly string[]): string[] {
  return ['python', '-c', WAIT, String(seconds), ...command];
}

/** How long an init container waits at most: 0 for one that does not. */
export function secondsOfWait({ command = [] }: k8s.Container): number {
  const seconds = Number(command[command.indexOf(WAIT) + 1]);
  return command.includes(WAIT) && Number.isSafeInteger(seconds) ? seconds : 0;
}
