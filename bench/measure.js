// What the parts share: to run commands in turn, and to print tables.
const { execFileSync } = require('child_process');
const { join } = require('path');

const root = join(__dirname, '..');

/** Wall and CPU seconds of a whole process with its children, and the most memory that one of them had, as the kernel accounts for it. */
function measure({ command, cwd = root, codes = [0] }) {
  const script = `
import json, os, resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({'code': code, 'wall': time.monotonic() - began, 'cpu': usage.ru_utime + usage.ru_stime, 'peak': usage.ru_maxrss / 1024}))`;
  const { code, ...spent } = JSON.parse(execFileSync('python3', ['-c', script, ...command], { cwd, encoding: 'utf8' }));
  if (!codes.includes(code)) throw new Error(`${command.join(' ')} ended with ${code}; expected ${codes.join(' or ')}`);
  return spent;
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The medians of each of them: `{a, b}` for a list of `{a, b}`. */
function medians(samples) {
  return Object.fromEntries(Object.keys(samples[0]).map((name) => [name, median(samples.map((sample) => sample[name]))]));
}

/** Runs the commands in turn, A B C A B C ..., after a warm-up of each, so that all see the same machine. */
function inTurn(variants, runs) {
  variants.forEach(measure);
  const samples = variants.map(() => []);
  for (let run = 0; run < runs; run++) variants.forEach((variant, i) => samples[i].push(measure(variant)));
  return samples.map(medians);
}

function table(header, rows) {
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => `${row[i]}`.length)));
  const line = (cells) => `| ${cells.map((cell, i) => `${cell}`.padEnd(widths[i])).join(' | ')} |`;
  console.log([line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'));
}

module.exports = { inTurn, median, medians, measure, root, table };
