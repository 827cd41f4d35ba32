// What templates and examples have in the place of a value, until something is filled in before it is applied.

/** `${NAME}`, `<name>`, `{{ name }}`, `%NAME%`, `@NAME@`, `((name))`, `[name]`, `__NAME__`, `YOUR_NAME`. */
const MARKED = /[${}<>%@]|\[\[|\[[a-z]\w*\]|\(\(|^__[A-Z]\w*__$|YOUR|CHANGE|REPLACE|PLACEHOLDER|TODO/;

/** `your_storage_class`, `changeme`, `xxx`, `NAME_HERE`. */
const WORDED = /(?<![a-z])(?:your[-_]|(?:change|replace)[-_]?me(?![a-z]))|placeholder|_here$|^~.+~$|^!\w|^(?:tbd|fixme|n\/a|x{3,8}|\.{3}|\?+)$/i;

export const hasPlaceholder = (text: string): boolean => MARKED.test(text) || WORDED.test(text);

/** The same, also where nothing is written yet, and in what `helm template` writes without a name. */
export const isFilledIn = (text: string): boolean => text === '' || text.includes('RELEASE-NAME') || hasPlaceholder(text);

/** Nothing but a placeholder means this in a value: dollar signs, `[[ -f file ]]` and `((n--))` are for a shell, and a percent sign is for Celery. */
const UNMISTAKABLE = new RegExp([
  /<\w[\w.-]*(?: \w[\w.-]*)*>|\{\{|<%|\[\[ (?:\w+ \]\]|\.\w)|(?<!\$)\(\(\w+(?:[./-]\w+)*\)\)|#\{/,
  /(?<![A-Za-z])your[-_]\w/, /(?<![A-Za-z])(?:change[-_]?me|replace[-_]?me|x{3,8}|tbd|fixme)(?![a-z])/,
  /YOUR_|REPLACE_?ME|CHANGE_?ME|PLACEHOLDER|_HERE\b|(?<!\w)__[A-Z]\w*__(?!\w)|\b(?:X{3,8}|TBD|TODO|FIXME)\b/,
].map(({ source }) => source).join('|'));

/** Of a value on one line, and not of a file. */
export const isUnfilled = (text: string): boolean => text.length <= 200 && !text.trim().includes('\n') && (UNMISTAKABLE.test(text) || WORDED.test(text));
