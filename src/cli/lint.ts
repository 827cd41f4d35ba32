import { unknownTo, writeBaseline } from './baseline';
import { FAILED, Failure, guarded, Misuse, Output, parseOptions } from './command';
import { DEFAULT_CONFIG, readConfig } from './config';
import { FORMATS } from './formats';
import { located } from './formats/located';
import { LocatedFinding, Recognised } from './formats/result';
import { plural } from './formats/words';
import { Input, readInput } from './input/files';
import { readLive } from './input/live';
import { Census } from '../manifests/census';
import { lintObjects } from '../rules/lint';
import { printable, printableLine } from '../rules/printable';
import { Violation } from '../rules/rule';
import { RULES } from '../rules/table';
import { atLeast, bySeverity, Severity } from '../rules/severity';

export const CLEAN = 0;
export const FOUND = 1;

const USAGE = `Usage: cdk8s-celery lint [options] [FILE|FOLDER|-]...

Finds in Kubernetes manifests what is known to break Celery, Beat, Flower and Redis.
Folders are searched for *.yaml, *.yml and *.json, except those named node_modules, .git, .terraform, .venv or __pycache__,
templates next to a Chart.yaml, and links to folders; - is standard input. Nothing in the input is executed or fetched.

  --format FORMAT      text (default), json, sarif, github, junit
  --severity SEVERITY  report and count from here on: error, warning (default), info
  --advice             also what depends on taste (docs/rules/README.md lists it)
  --rule RULE          only this rule or subject (beat); may be repeated
  --write-baseline FILE  write what is found now to FILE, and end with 0
  --baseline FILE      report only what FILE does not have
  --config FILE        suppressions and severity; default .cdk8s-celery.yaml, if there is one
  --live               read the objects of a cluster through kubectl, instead of files
  -n, --namespace NS   of the cluster; without it all namespaces
  --context CONTEXT    the kubectl context of the cluster; default the current one
  --list               list all rules
  --explain RULE       what a rule finds, why it matters and how to fix it
  -h, --help           this text

Exit code: 0 nothing found, 1 something found, 2 something could not be read.
`;

/** `cdk8s-celery lint`: returns the exit code. */
export function lint(args: readonly string[], output: Output): Promise<number> {
  return guarded('lint', output, () => run(args, output));
}

function parse(args: readonly string[]) {
  return parseOptions({
    args: [...args], allowPositionals: true, strict: true,
    options: {
      'format': { type: 'string', default: 'text' }, 'severity': { type: 'string' }, 'advice': { type: 'boolean' },
      'baseline': { type: 'string' }, 'write-baseline': { type: 'string' }, 'rule': { type: 'string', multiple: true },
      'config': { type: 'string' }, 'live': { type: 'boolean' }, 'namespace': { type: 'string', short: 'n' }, 'context': { type: 'string' },
      'list': { type: 'boolean' }, 'explain': { type: 'string' }, 'help': { type: 'boolean', short: 'h' },
    },
  }, USAGE);
}

async function run(args: readonly string[], output: Output): Promise<number> {
  const { values, positionals } = parse(args);
  if (values.help) return print(USAGE, output);
  if (values.list) return print(RULES.map(({ id, severity, title }) => `${id.padEnd(42)} ${severity.padEnd(8)} ${title}\n`).join(''), output);
  if (values.explain !== undefined) return print(explain(values.explain), output);

  const format = FORMATS[values.format];
  if (!Object.hasOwn(FORMATS, values.format)) throw new Misuse(`--format: '${printable(values.format)}' is none of ${Object.keys(FORMATS).join(', ')}`);
  const rules = values.rule?.flatMap((given) => given.split(','));
  for (const given of rules ?? []) {
    if (!RULES.some(({ id }) => id === given || id.startsWith(`${given}/`))) throw new Misuse(`--rule: '${printable(given)}' is no rule or subject; see --list`);
  }
  const config = configOf(values.config);
  const severity = severityOf(values.severity ?? config.severity ?? Severity.WARNING, values.severity === undefined ? `${printable(config.file)}: severity` : '--severity');
  if (values.live && positionals.length > 0) throw new Misuse('--live reads a cluster: give no files with it');
  if (!values.live && values.namespace !== undefined) throw new Misuse('--namespace is for --live');
  if (values.namespace === '') throw new Misuse('--namespace is empty; give the name of one, or leave the option out for all namespaces');
  if (!values.live && values.context !== undefined) throw new Misuse('--context is for --live');
  const { baseline, 'write-baseline': written } = values;
  if (baseline !== undefined && written !== undefined) throw new Misuse('--write-baseline and --baseline: give one of them');
  if (baseline === '' || written === '') throw new Misuse(`${baseline === '' ? '--baseline' : '--write-baseline'} is empty; give a file`);
  if (!values.live && positionals.length === 0) throw new Misuse('nothing to read; give files, folders or - for standard input', USAGE);

  const input = values.live ? await readLive(values.namespace, values.context) : readInput(positionals);
  for (const { file, line, message } of input.problems) {
    output.err(`${printableLine(`${file === '-' ? 'standard input' : file}${line === undefined ? '' : `:${line}`}: ${message}`)}\n`);
  }
  if (input.patches.size > 0) {
    const patches = `${input.patches.size === 1 ? '1 patch' : `${input.patches.size} patches`} of kustomize: ${[...input.patches].map(printable).join(', ')}`;
    output.err(`cdk8s-celery lint: left out ${patches}; to see what comes of them: kustomize build FOLDER | cdk8s-celery lint -\n`);
  }
  if (input.expected.length > 0) {
    output.err(`cdk8s-celery lint: left out what tests of kuttl expect: ${input.expected.map(printable).join(', ')}\n`);
  }
  if (input.charts.length > 0) {
    const charts = input.charts.map(printable);
    output.err(`cdk8s-celery lint: left out the templates of Helm in ${charts.join(', ')}; to see what comes of them: helm template ${charts[0]} | cdk8s-celery lint -\n`);
  }
  if (input.left.length > 0) {
    output.err(`cdk8s-celery lint: left out what is no file and no folder, as kubectl does: ${input.left.map(printable).join(', ')}; give what links lead to\n`);
  }
  const { violations: all, unknown, unrecognised, withoutRole, census, count } = lintObjects(
    input.documents.map(({ value }) => value), { rules, suppressions: config.suppressions },
  );
  if (written !== undefined) {
    if (input.problems.length > 0) throw new Failure('no baseline is written of what could not be read');
    writeBaseline(written, all);
    return print(`${printable(written)}: ${plural(all.length, 'finding')}\n`, output);
  }
  const { fresh: violations, gone } = baseline === undefined ? { fresh: all, gone: 0 } : unknownTo(baseline, all);
  if (gone > 0 && rules === undefined) output.err(`cdk8s-celery lint: ${gone} of the findings of ${printable(baseline!)} ${gone === 1 ? 'is' : 'are'} gone; write it again with --write-baseline\n`);
  const withAdvice = values.advice === true || severity === Severity.ADVICE;
  const isShown = (one: Violation): boolean => one.severity === Severity.ADVICE ? withAdvice : atLeast(one.severity, severity);
  const shown = violations.filter(isShown);
  const advice = withAdvice ? 0 : violations.filter((one) => one.severity === Severity.ADVICE).length;
  const findings = locate(shown, input, config.file);
  for (const part of inChunks(format({
    recognised: recognised(census), unrecognised, withoutRole, known: all.filter(isShown).length - shown.length,
    findings, objects: count, hidden: hiddenIn(violations, severity), advice, problems: input.problems, charts: input.charts.length, unknown,
  }, output.colour))) output.out(part);
  if (input.problems.length > 0) return FAILED;
  if (count === 0) {
    const where = positionals.join(', ') || (values.namespace === undefined ? 'the cluster' : `namespace '${values.namespace}'`);
    output.err(`cdk8s-celery lint: there is no Kubernetes object in ${printable(where)}\n`);
    return values.live ? CLEAN : FAILED;
  }
  return findings.length > 0 ? FOUND : CLEAN;
}

/** What is less severe than what was asked for, by what to ask for instead. */
function hiddenIn(violations: readonly Violation[], asked: Severity): ReadonlyMap<Severity, number> {
  const lower = [Severity.WARNING, Severity.INFO].filter((severity) => !atLeast(severity, asked));
  return new Map(lower.map((severity) => [severity, violations.filter((one) => one.severity === severity).length] as const)
    .filter(([, number]) => number > 0));
}

function recognised({ workers, beats, flowers, servers, exporters }: Census): Recognised {
  return { workers, beats, flowers, servers: Object.fromEntries(servers), exporters };
}

/** Joins parts up to what is worth a system call. */
function* inChunks(parts: Iterable<string>): Iterable<string> {
  let chunk = '';
  for (const part of parts) {
    chunk += part;
    if (chunk.length < 65536) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

function print(text: string, output: Output): number {
  output.out(text);
  return CLEAN;
}

function explain(id: string): string {
  const rule = RULES.find((one) => one.id === id);
  if (!rule) throw new Misuse(`--explain: '${printable(id)}' is no rule; see --list`);
  return `${rule.id} (${rule.severity})\n\n${rule.title}.\n\n${rule.why}\n\nFix: ${rule.fix}\n\nSource: ${rule.source}\n`;
}

function configOf(file: string | undefined) {
  try {
    return { ...readConfig(file), file: file ?? DEFAULT_CONFIG };
  } catch (error) {
    // It quotes the file, and is one line.
    throw new Failure(printable((error as Error).message));
  }
}

function severityOf(text: string, name: string): Severity {
  const found = Object.values(Severity).find((severity) => String(severity) === text);
  if (found === undefined) throw new Misuse(`${name}: '${printable(text)}' is none of ${Object.values(Severity).join(', ')}`);
  return found;
}

/** Findings with files and lines: the worst first, and then by them, since that is how people read. */
function locate(violations: readonly Violation[], input: Input, config: string): LocatedFinding[] {
  const order = new Map(input.documents.map(({ file }, i) => [file, i]));
  const place = ({ at: { resource: { index, prefix }, path } }: Violation): { file: string; line: number } => {
    const document = input.documents[index];
    if (!document) return { file: config, line: 1 };
    return { file: document.file, line: input.places.line(document.place, prefix.length === 0 ? path : [...prefix, ...path]) };
  };
  // Sorting is stable: what is on one line keeps its order.
  return violations.map((violation) => located(violation, place(violation)))
    .sort((a, b) => bySeverity(a.severity, b.severity) || (order.get(a.file) ?? -1) - (order.get(b.file) ?? -1) || a.line - b.line);
}
