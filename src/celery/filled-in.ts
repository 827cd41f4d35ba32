// What templates and examples have in the place of a value, until something is filled in before it is applied.

/** `${NAME}`, `<name>`, `{{ name }}`, `%NAME%`, `@NAME@`, `((name))`, `YOUR_NAME`. */
const MARKED = /[${}<>%@]|\[\[|\(\(|YOUR|CHANGE|REPLACE|PLACEHOLDER|TODO/;

/** `your_storage_class`, `changeme`, `xxx`, `__NAME__`, `NAME_HERE`. */
const WORDED = /(?<![a-z])your[-_]|change[-_]?me|replace[-_]?me|placeholder|_here$|^__\w+__$|^~.+~$|^!\w|^(?:tbd|todo|fixme|n\/a|x{3,}|\.{3}|\?+)$/i;

export const hasPlaceholder = (text: string): boolean => MARKED.test(text) || WORDED.test(text);

/** The same, also where nothing is written yet, and in what `helm template` writes without a name. */
export const isFilledIn = (text: string): boolean => text === '' || text.includes('RELEASE-NAME') || hasPlaceholder(text);

/** Nothing but a placeholder means this in a value: a dollar sign may be for a shell, and a percent sign for Celery. */
const UNMISTAKABLE = new RegExp([
  /<\w[\w.-]*(?: \w[\w.-]*)*>|\{\{|<%|\[\[ |\(\(\w|#\{/, /(?<![A-Za-z])your[-_]\w/, /(?<![A-Za-z])(?:change[-_]?me|replace[-_]?me|xxx+|tbd|fixme)(?![a-z])/,
  /YOUR_|REPLACE_?ME|CHANGE_?ME|PLACEHOLDER|_HERE\b|__[A-Z]\w*__|\b(?:XXX+|TBD|FIXME)\b/,
].map(({ source }) => source).join('|'));

export const isUnfilled = (text: string): boolean => UNMISTAKABLE.test(text) || WORDED.test(text);
