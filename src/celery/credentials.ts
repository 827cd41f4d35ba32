import { remembered } from '../memo';

// What a credential looks like, for the rules that find one in a manifest and for the messages that must not print one.

/** Ends a name whose value is a credential. */
const LAST = new Set(['password', 'passwd', 'passphrase', 'pwd', 'token', 'apikey']);
/** The same, behind another word: `DB_PASS`, `CLIENT_SECRET`. */
const LAST_OF_SEVERAL = new Set(['pass', 'secret']);
/** What a key is for that has to stay secret: `API_KEY`, `AWS_SECRET_ACCESS_KEY`, and not `security_key`, which is a path. */
const KEYS = new Set(['api', 'secret', 'private', 'account', 'auth', 'signing', 'encryption', 'fernet', 'shared']);
/** Names that do not say it. */
const NAMES = new Set(['basic_auth', 'basic-auth', 'FLOWER_BASIC_AUTH', 'FLOWER_COOKIE_SECRET', 'FLOWER_OAUTH2_SECRET', 'REDISCLI_AUTH']);

/** Whether the value of a variable, a setting, an option or a key of that name is a credential. */
export function isCredentialName(name: string): boolean {
  return name.length <= 200 && MAYBE.test(name) && isCredential(name);
}

/** What all of them have: to tell them from most others costs little. */
const MAYBE = /pass|pwd|secret|token|key|auth/i;

const isCredential = remembered((name: string): boolean => {
  const words = name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/).filter(Boolean).map((word) => word.toLowerCase());
  const last = words.at(-1) ?? '';
  // A blockchain of Stellar is named by one that everybody knows: NETWORK_PASSPHRASE.
  if (last === 'passphrase' && words.includes('network')) return false;
  // A number of something: RATE_LIMIT_PER_API_KEY.
  if (words.includes('per')) return false;
  return LAST.has(last) || NAMES.has(name) || (words.length > 1 && (LAST_OF_SEVERAL.has(last) || (last === 'key' && words.some((word) => KEYS.has(word)))));
});

/** Whether a value under such a name is one that a manifest gives, rather than a switch, a path, a reference or the name of a Secret. */
export function isCredentialValue(value: string): boolean {
  const text = value.trim();
  if (text.length > 2000) return !text.includes('$(');
  return text !== '' && text !== OF_RABBITMQ && !REFERENCE.test(text) && !/^(?:true|false|yes|no|on|off|none|null|0|1)$/i.test(text)
    && !/^arn:|^projects\/|^[~.]?\/[\w.-]+\/|^\/[\w.-]+$|\.(?:pem|key|crt|cer|p12|jks|json|ya?ml|txt)$|:\/\//i.test(text) && !PLACEHOLDER.test(text) && !/^(?=.*-)[a-z0-9-]*secrets?[a-z0-9-]*$/.test(text);
}

/** What an example has in the place of a credential: `***`, `xxxx`, `your-api-key`. */
const PLACEHOLDER = /^(?:\*+|x+|your[-_][\w-]{1,60})$/i;
/** The password that RabbitMQ has by itself, which everybody knows. */
const OF_RABBITMQ = 'guest';

/** `$(NAME)` of the kubelet, `${NAME}` and `$NAME` of a shell, `{{ ... }}` and `%(name)s` of a template, `<password>` of a text. */
const REFERENCE = /\$[({\w]|\{\{|^[{<%]|^%?\{?\w*\}$/;

/** Whether a text has a URL with a credential that everybody can read: in front of the host, or in the query. */
export function hasUrlCredential(text: string): boolean {
  return text.includes('://') && text.length <= LONGEST && (isUrlWithCredential(text) || [...text.matchAll(URL_PART)].some(([, url]) => {
    const [, user, password] = /^(?:([^\s/:@]*):)?([^\s@]*)@/.exec(url) ?? [];
    const guest = user === 'guest' && password === OF_RABBITMQ;
    if (user !== undefined && password && !guest && !REFERENCE.test(password) && !PLACEHOLDER.test(password)) return true;
    return [...url.matchAll(QUERY)].some(([, name, value]) => isQueryCredential(name) && isCredentialValue(value));
  }));
}

/** What is in front of a URL that is a whole value or argument: `--broker=redis:`. */
const BEFORE = String.raw`\s*(?:[\w.-]{1,100}=)?[a-z][a-z0-9+.-]{0,40}:`;
/** A whole value: quotes and spaces in front of its last `@` are part of a password, and a port is none. */
const WHOLE_URL = new RegExp(String.raw`^${BEFORE}//([^\s/:@?#"'<>\x60]*):(?!\d{1,5}(?:[^\w@]|$))([^\n]{1,2000})@[^\s@"'<>\x60]+\s*$`, 'i');

function isUrlWithCredential(list: string): boolean {
  return list.length <= 4000 && list.split(/;(?=[a-z][a-z0-9+.-]{0,40}:\/\/)/i).some(isWholeUrl);
}

function isWholeUrl(text: string): boolean {
  const [, user, password] = WHOLE_URL.exec(text) ?? [];
  return password !== undefined && !PLACEHOLDER.test(password) && !REFERENCE.test(password) && !(user === 'guest' && password === 'guest');
}

/** The same, of a URL that a program gives: nothing but the kubelet reads it before Celery does, so only `$(NAME)` is a reference there. */
export function hasWrittenCredential(url: string): boolean {
  const [, user, password] = /:\/\/([^\s/:@]*):([^\s@]+)@/.exec(url) ?? [];
  return hasUrlCredential(url) || (password !== undefined && !password.includes('$(') && !(user === 'guest' && password === 'guest'));
}

/** More than any URL, and little enough for every regular expression here. */
const LONGEST = 200_000;
const URL_PART = /:\/\/([^\s"'`<>]{1,2000})/g;
const QUERY = /[?&;]([\w.-]{1,60})=([^&\s;#"']{1,500})/g;

function isQueryCredential(name: string): boolean {
  return isCredentialName(name) || /^(?:sig|signature|x-amz-signature|secret|pass|auth)$/i.test(name);
}

const HIDDEN = '***';

/** Keys and certificates, as they are in files and as base64 of that. */
const KEY_FILE = /-----BEGIN [A-Z]|LS0tLS1CRUdJT/;
const KEY_FILES = /-----BEGIN [A-Z][\s\S]*?(?:-----END [A-Z0-9 ]{1,40}-----|$)|LS0tLS1CRUdJT[A-Za-z0-9+/=]*/g;

/**
 * A text as a message may show it: what ends up in logs must not have a credential in it.
 *
 * Rather too much is hidden than too little. References such as `$(PASSWORD)` are shown.
 */
export function redact(text: string): string {
  if (KEY_FILE.test(text)) return redact(text.replace(KEY_FILES, HIDDEN));
  const options = OPTION.test(text) ? redactOptions(text) : text;
  return /[@=:]/.test(options) ? redactParts(options) : options;
}

/** The same, of what is taken as one URL, or several with `;` between them: whatever is in front of the last `@` may be a password. */
export function redactUrl(text: string): string {
  return redact(ONE_URL.test(text) ? text.split(/;(?=[a-z][a-z0-9+.-]*:\/\/)/i).map(redactOne).join(';') : text);
}

const ONE_URL = new RegExp(`^${BEFORE}//`, 'i');

function redactOne(url: string): string {
  const [, before, password, after] = /^([^]*?:\/\/[^/:@?#]*:)([^]+)(@[^]*)$/.exec(url) ?? [];
  // A port, with a path that has a `@` in it.
  if (password === undefined || /^\d{1,5}(?:[/?#]|$)/.test(password) || /^(?:\$\([^)]*\)|\$?\{\w+\}|\*{3})$/.test(password)) return url;
  return `${before}${HIDDEN}${after}`;
}

/** What may be an option of a command with a credential behind it. */
const OPTION = /(?:^|[\s"'[,=])-(?:-?[\w-]{0,60}(?:user|pass|pw|secret|token|key|auth)|[aHup])/i;
/** What is between an option and its value: a space in a command line, quotes and a comma in a list. */
const GAP = String.raw`(?:["']?[\s,]{1,3}["']?|=)`;
const START = String.raw`(?<=^|[\s"'[,=])`;
/** `-u user:password` and `--user user:password`, as curl has them. */
const USER_OPTION = new RegExp(`(${START}(?:-u|-U|--[\\w-]{0,40}user)(?:${GAP}|(?<=-[uU]))[^\\s"',:/@]{0,100}:)(?!//)[^\\s"'@]+`, 'g');
/** `--password hunter2`; `=` is between them elsewhere. */
const NAMED_OPTION = new RegExp(`(${START}--?([A-Za-z][\\w-]{0,60})["']?[\\s,]{1,3}["']?)([^-\\s"'$][^\\s"']*)`, 'g');
/** `-phunter2` and `-p hunter2`, as mysql and sshpass have it: it is that of a port or of a path elsewhere. */
const SHORT_OPTION = new RegExp(`(${START}-p)(${GAP})?((?![\\d:./-]+(?:["'\\s,\\]]|$))[^-/.~$\\s"',=][^\\s"',]*)`, 'g');
/** `redis-cli -a hunter2`. */
const REDIS_OPTION = new RegExp(`((?:redis|valkey)-cli\\b[^|;&\\n]{0,200}?[\\s"',]-a${GAP})([^-\\s"'$][^\\s"']*)`, 'g');
/** `-H 'Authorization: Bearer hunter2'`. */
const HEADER = /(\b(?:Proxy-)?Authorization["']?\s{0,2}[:=]\s{0,2}["']?(?:(?:Basic|Bearer|Digest|Token|ApiKey)\s+)?)(?!\$|\*\*\*|(?:Basic|Bearer|Digest|Token|ApiKey)\s)[^\s"',]+/gi;

function redactOptions(text: string): string {
  return text
    .replace(USER_OPTION, (all, before: string) => /:(?:\$[({]|\*\*\*)/.test(all) ? all : `${before}${HIDDEN}`)
    .replace(NAMED_OPTION, (all, before: string, name: string, value: string) => isCommandCredential(name) && isCredentialValue(value) ? `${before}${HIDDEN}` : all)
    .replace(SHORT_OPTION, (all, before: string, gap: string = '', value: string) => gap === '' && NO_PASSWORD.test(value) ? all : `${before}${gap}${HIDDEN}`)
    .replace(REDIS_OPTION, `$1${HIDDEN}`);
}

/** Words that begin with `-p` and are options of their own. */
const NO_PASSWORD = /^(?:ath|erm|rint\w*|rune|rofile|thread|ipe|ython|ort|roto\w*|refix|id\w*|ool|lugins?|assin|riority|ackage|ublish|rocesses)$/i;

/** A long option, of which also `--pass`, `--pw` and `--auth` are one. */
function isCommandCredential(name: string): boolean {
  return isCredentialName(name) || /^(?:pass|pw|secret|auth|requirepass|masterauth)$/i.test(name);
}

function redactParts(all: string): string {
  const text = HEADER.test(all) ? all.replace(HEADER, `$1${HIDDEN}`) : all;
  HEADER.lastIndex = 0;
  const urls = text.includes('@') ? text.split(/(\s+)/).map(redactWord).join('') : text;
  return /pass|pwd|secret|token|key|auth|sig/i.test(urls) ? redactNamed(urls) : urls;
}

function redactWord(word: string): string {
  return word.includes('://') ? redactUrls(word) : word.includes('@') && word.includes(':') ? redactUserInfo(word) : word;
}

/** A host as a message may show it: what is around it, where a URL or a part of one is given, may have a credential in it. */
export function redactHost(text: string): string {
  const [, scheme = '', host, port = '', rest] = /^([a-z][a-z0-9+.-]{0,40}:\/\/)?(?:[^]*@)?([^/?#:]*)(:[^/?#]*)?([^]*)$/i.exec(text)!;
  return `${scheme}${text.includes('@') ? `${HIDDEN}@` : ''}${host}${port === '' || /^:\d{0,5}$/.test(port) ? port : `:${HIDDEN}`}${/^[/?#]*$/.test(rest) ? rest : `${rest[0]}${HIDDEN}`}`;
}

const USER = /[^/@:]*/y;

/** Each place is looked at once: a word may be as long as a whole script. */
function redactUrls(word: string): string {
  let result = '';
  let done = 0;
  for (let scheme = word.indexOf('://'); scheme >= 0; scheme = word.indexOf('://', done)) {
    const start = USER.lastIndex = scheme + 3;
    const userEnd = start + USER.exec(word)![0].length;
    const next = word.indexOf('://', userEnd);
    const rest = word.slice(userEnd, next < 0 ? undefined : next);
    if (rest.startsWith(':')) {
      // The password ends at the last `@`; a `@` behind a quote is another's.
      const last = rest.lastIndexOf('@');
      const quote = last > 0 ? rest.search(/["'`]/) : -1;
      const before = quote > 0 ? rest.lastIndexOf('@', quote) : -1;
      const at = before > 0 ? before : last;
      const hidden = at > 1 && !/^:(?:\$[({]|\{[A-Z][A-Z0-9_]*\}@)/.test(rest);
      result += word.slice(done, userEnd) + (hidden ? `:${HIDDEN}` : rest.slice(0, Math.max(at, 0)));
      done = userEnd + Math.max(at, 0);
    } else if (rest.startsWith('@') && userEnd > start && !word.startsWith('$', start) && /https?$/i.test(word.slice(Math.max(done, scheme - 5), scheme))) {
      // A token in the place of the user.
      result += word.slice(done, start) + HIDDEN;
      done = userEnd;
    } else {
      result += word.slice(done, userEnd);
      done = userEnd;
    }
  }
  return result + word.slice(done);
}

/** `user:password@host` without a scheme. The digest of an image looks alike. */
function redactUserInfo(word: string): string {
  const at = word.lastIndexOf('@');
  const colon = word.indexOf(':');
  if (colon > at || at - colon < 2 || /^(?:sha\d+:|$)/.test(word.slice(at + 1, at + 9)) || /^\$[({]|^\*/.test(word.slice(colon + 1, colon + 3))) return word;
  return /^(?:[-\w]{0,60}=)?["'([]{0,3}(?:\/\/)?[\w.%+~-]{0,100}$/.test(word.slice(0, colon)) && !word.startsWith('mailto:')
    ? `${word.slice(0, colon + 1)}${HIDDEN}${word.slice(at)}` : word;
}

/** `redis_password=(json)"..."`, `"token": "..."`, `api_key: ...`, `?password=...`: the name, and what is between it and the value. */
const NAME = /(?<![\w.$-])([\w.-]{1,100})["']?\s{0,2}[=:](?!\/\/)\s{0,2}(?:\(\w{1,10}\))?/g;
const VALUE = {
  quoted: /"(?:[^"\\]|\\.){1,2000}"?|'(?:[^'\\]|\\.){1,2000}'?/y,
  query: /[^&;\s"']+/y,
  plain: /[^\s"'][^\s]*/y,
};
/** Ends the sentence or the list that a value is in. */
const CLOSING = /["'`)\]},.;]*$/;

function redactNamed(text: string): string {
  let result = '';
  let done = 0;
  NAME.lastIndex = 0;
  for (let match = NAME.exec(text); match; match = NAME.exec(text)) {
    const inQuery = /[?&;]/.test(text[match.index - 1] ?? '');
    if (!isCredentialName(match[1]) && !(inQuery && isQueryCredential(match[1]))) continue;
    const start = NAME.lastIndex;
    const pattern = /["']/.test(text[start] ?? '') ? VALUE.quoted : inQuery ? VALUE.query : VALUE.plain;
    pattern.lastIndex = start;
    const value = pattern.exec(text)?.[0] ?? '';
    NAME.lastIndex = Math.max(start + value.length, start);
    DESCRIBED.lastIndex = start;
    if (value === '' || SHOWN.test(value) || DESCRIBED.test(text)) continue;
    const quote = pattern === VALUE.quoted ? value[0] : '';
    result += `${text.slice(done, start)}${quote}${HIDDEN}${quote || CLOSING.exec(value)![0]}`;
    done = start + value.length;
  }
  return result + text.slice(done);
}

/** A value that a message describes. */
const DESCRIBED = /an? (?:bigint|boolean|function|list|map|number|object|string|symbol|value)\b/y;
/** What is no credential, the words for one (`{ name, key }`), or hidden already. */
const SHOWN = /^\{$|^["']?(?:\$[({]|\*\*\*|(?:true|false|null|undefined)(?![\w-]))/;
