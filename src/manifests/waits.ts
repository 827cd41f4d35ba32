import { Container } from './pod/container';

/** A server that a container waits for before it ends. */
export interface Awaited {
  readonly host: string;
  readonly port?: number;
}

/** Of a URL without one. */
const HTTP_PORT = 80;

const HOST = '([a-z](?:[a-z0-9.-]*[a-z0-9])?)';

/** How a script asks whether a server is there: each with a host, and most with a port. */
const QUESTIONS: readonly RegExp[] = [
  new RegExp(`\\b(?:nc|ncat|netcat)\\s+(?:-[a-zA-Z]+(?:\\s*\\d+)?\\s+)*${HOST}\\s+(\\d+)`, 'g'),
  new RegExp(`\\b(?:redis|valkey)-cli\\s+-h\\s+${HOST}(?:\\s+-p\\s+(\\d+))?`, 'g'),
  new RegExp(`/dev/tcp/${HOST}/(\\d+)`, 'g'),
  new RegExp(`\\bwait-for(?:-it)?(?:\\.sh)?\\s+${HOST}:(\\d+)`, 'g'),
  new RegExp(`\\bdockerize\\s.*?-wait\\s+tcp://${HOST}:(\\d+)`, 'g'),
  new RegExp(`\\b(?:curl|wget)\\s[^;|&]*?\\bhttp://${HOST}(?::(\\d+))?(?=[/\\s'"?]|$)`, 'g'),
  new RegExp(`\\bnslookup\\s+${HOST}(?=[\\s;)]|$)()`, 'g'),
];

/** The servers that an init container waits for until they answer: in a loop, or by a program that does nothing else. */
export function awaitedServers({ words }: Container): Awaited[] {
  const text = words.map((word) => word.text.replace(/^\s*#.*$/gm, '')).join(' ');
  // One that counts its attempts, or has a time limit, gives up; and `while nc -z old 6379` waits until it is gone.
  const gives = /\btimeout\b|\s-(ge|gt|le|lt)\s|\bseq\b/.test(text);
  const loops = /\buntil\b|\bwhile\s+(!|true\b|:|\[)/.test(text) && !gives;
  return QUESTIONS.flatMap((question) => !loops && !/wait/.test(question.source) ? [] : [...text.matchAll(question)].map(([, host, port]) =>
    ({ host, port: /http:/.test(question.source) ? Number(port ?? HTTP_PORT) : port === undefined || port === '' ? undefined : Number(port) })));
}
