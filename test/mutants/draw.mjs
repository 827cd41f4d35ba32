// A plugin of StrykerJS: of all mutants that tests reach, runs only those that a seed draws, prints each that no test kills at once, and writes
// what came of each to a file, so that a run that is ended has results. A checker is what may refuse mutants.
import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { declareClassPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { CheckStatus } from '@stryker-mutator/api/check';

/** Puts mutants in an order that depends on what they are, and on the seed. */
export function order(seed, { fileName, location: { start }, replacement }) {
  const file = relative(process.cwd(), fileName).replace(/^.*?(?=src\/)/, '');
  return createHash('sha256').update([seed, file, start.line, start.column, replacement].join('\n')).digest('hex');
}

class Draw {
  async init() {}

  async group(mutants) {
    const { MUTANTS_SEED: seed, MUTANTS_COUNT: count, MUTANTS_FILE: file } = process.env;
    const drawn = mutants.map((mutant) => ({ id: mutant.id, order: order(seed, mutant) }))
      .sort((a, b) => a.order < b.order ? -1 : 1).slice(0, Number(count));
    // Another process may be asked about them.
    writeFileSync(file, JSON.stringify(drawn));
    return [mutants.map(({ id }) => id)];
  }

  async check(mutants) {
    const drawn = new Set(JSON.parse(readFileSync(process.env.MUTANTS_FILE, 'utf8')).map(({ id }) => id));
    const left = { status: CheckStatus.CompileError, reason: 'not drawn' };
    return Object.fromEntries(mutants.map(({ id }) => [id, drawn.has(id) ? { status: CheckStatus.Passed } : left]));
  }
}

const short = (text) => text.replace(/\s+/g, ' ').slice(0, 80);

function textAt(source, { start, end }) {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  lines.push(lines.pop().slice(0, end.column - 1));
  return lines.join('\n').slice(start.column - 1);
}

const { MUTANTS_RESULTS: RESULTS, MUTANTS_SEED: SEED } = process.env;
const write = (result) => appendFileSync(RESULTS, `${JSON.stringify(result)}\n`);

/** In a report lines and columns begin at 1. */
function zeroBased({ start: { line, column } }) {
  return { start: { line: line - 1, column: column - 1 } };
}

let tested = 0;

const report = {
  onMutationTestingPlanReady({ mutantPlans }) {
    write({ all: mutantPlans.length, loaded: mutantPlans.filter(({ mutant }) => mutant.status === 'Ignored').length });
  },
  onMutantTested({ id, fileName, location, replacement, status }) {
    if (status !== 'CompileError' && status !== 'Ignored') write({ id, status, order: order(SEED, { fileName, location: zeroBased(location), replacement }) });
    if (status === 'Killed') tested += 1;
    if (!['Survived', 'NoCoverage', 'Timeout'].includes(status)) return;
    tested += 1;
    const was = short(textAt(readFileSync(fileName, 'utf8'), location));
    console.log(`${tested}: ${fileName}:${location.start.line}:${location.start.column} ${status}: ${was} -> ${short(replacement ?? '')}`);
  },
};

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'draw', Draw), declareValuePlugin(PluginKind.Reporter, 'drawn', report)];
