// What templates and examples have in the place of a value, until something is filled in before it is applied.

const oneOf = (flags: string, ...patterns: readonly RegExp[]): RegExp => new RegExp(patterns.map(({ source }) => source).join('|'), flags);

/** `${NAME}`, `<name>`, `{{ name }}`, `%NAME%`, `@NAME@`, `((name))`, `[name]`, `__NAME__`, `YOUR_NAME`. */
const MARKED = /[${}<>%@]|\[\[|(?<![\w)])\[[a-z]\w*\]|\(\(|^__[A-Z]\w*__$|(?<![A-Z])(?:YOUR|CHANGE(?!LOG)|REPLACE|TODO)|PLACEHOLDER/;

/** What a placeholder is for. */
const PART = '(?:value|name|host|hostname|domain|address|url|uri|dsn|port|path|user|username|email|password|passwd|secret|token|key|code|id|account|region|project'
  + '|image|tag|registry|namespace|database|db|queue|size|number|string|text)s?';

/** `your_storage_class`, `changeme`, `xxx`, `name_here`, `[redis-host]`. Not `know-your-customer`, `start_here` and `[a-z]`. */
const WORDED = oneOf('i',
  /(?<![a-z])(?<!\b(?:know|bring|build|choose|track|manage|of)[-_])your[-_](?!own(?![a-z]))/,
  /(?<![a-z])(?:(?:change|replace|fill|set|edit)[-_]?me|(?:change|replace)[-_]this|replace[-_]with(?=[-_])|to[-_]be[-_](?:defined|replaced|filled|changed)|redacted)(?![a-z])/,
  /placeholder|^~.+~$|^!(?:ref|sub|getatt|importvalue|vault|secret|env|file|include|reference)\b|^(?:tbd|fixme|n\/a|x{3,8}|\.{3}|\?+)$|\*{3,}|\bx\.x\.x\.x\b/,
  /(?:^|[=:/@])(?:my|some)[-_](?:value|variable|setting|option|string|number|text)$/,
  new RegExp(`(?<![a-z])${PART}[-_](?:goes[-_])?here$|(?<![\\w)])\\[(?:[a-z0-9]+[ _-])*${PART}\\](?![+*?])`),
);

export const hasPlaceholder = (text: string): boolean => MARKED.test(text) || WORDED.test(text);

/** The same, also where nothing is written yet, and in what `helm template` writes without a name. */
export const isFilledIn = (text: string): boolean => text === '' || text.includes('RELEASE-NAME') || hasPlaceholder(text);

/**
 * Nothing but a placeholder means this in a value: dollar signs, `[[ -f file ]]`, `while ((n-1))` and `mktemp x.XXXXXX` are for a shell, a percent
 * sign is for Celery, and `(?<name>.*)` is a regular expression.
 */
const UNMISTAKABLE = oneOf('',
  /(?<!\(\?P?)<\w[\w.|:-]*(?: \w[\w.-]*)*>|\{\{|<%|\[\[ (?:\w+ \]\]|\.\w)|(?<!\$|\b(?:while|until|if|do|then) |[;&|] ?)\(\(\w+(?:[./-]\w+)*\)\)|#\{/,
  /(?:^|:\/\/|@)\{\w+\}(?:$|[:/.])|(?<![\w%])%[A-Z]\w*%(?![\w%])|(?<![\w@])@[A-Z]\w*@(?![\w@])/,
  /(?<![A-Za-z])(?:x{3,8}|tbd|fixme)(?![a-z])/,
  /YOUR_|REPLACE_?ME|CHANGE_?ME|PLACEHOLDER|(?<!\$[({]?\w*)_HERE\b|(?<!\w)__[A-Z]\w*__(?!\w)|(?<!\bmktemp\b[^;&|]*)\bX{3,8}\b|\b(?:TBD|TODO|FIXME)\b/,
);

/** Of a value on one line, and not of a file. */
export const isUnfilled = (text: string): boolean => text.length <= 200 && !text.trim().includes('\n') && (UNMISTAKABLE.test(text) || WORDED.test(text));
