/**
 * Jest's runner, in a hurry: of a mutant only the files are loaded that have a test which reaches it, those with most of them first, and none
 * after one that has failed. StrykerJS itself has the name of each test, and asks Jest for all files.
 */
const { readFileSync, writeFileSync } = require('node:fs');
const { default: TestRunner } = require('jest-runner');

const { MUTANTS_TESTS: FILE } = process.env;

/** The names in StrykerJS's pattern, `(one)|(another)`, in which it has escaped what is in a name. */
function namesOf(pattern) {
  return pattern === undefined || pattern === '' ? undefined : new Set(pattern.slice(1, -1).split(')|('));
}

const escaped = (name) => name.replace(/[.*+\-?^${}()|[\]\\]/g, '\\$&');

module.exports = class extends TestRunner {
  #names;

  constructor(globalConfig, context) {
    const names = namesOf(globalConfig.testNamePattern);
    // A test's whole name: quick, though there are thousands of each.
    super(names ? { ...globalConfig, testNamePattern: `^\\s*(?:${[...names].join('|')})$` } : globalConfig, context);
    this.#names = names;
  }

  async runTests(tests, watcher, options) {
    let failed = false;
    const all = {};
    this.on('test-file-success', ([test, { testResults }]) => {
      failed ||= testResults.some(({ status }) => status === 'failed');
      all[test.path] = testResults.map(({ fullName }) => escaped(fullName));
    });
    this.on('test-file-failure', () => { failed = true; });
    if (!this.#names) {
      await super.runTests(tests, watcher, options);
      if (!failed) writeFileSync(FILE, JSON.stringify(all));
      return;
    }
    const known = JSON.parse(readFileSync(FILE, 'utf8'));
    const reach = (test) => known[test.path].filter((name) => this.#names.has(name)).length;
    const reaching = tests.map((test) => ({ test, tests: reach(test) })).filter((one) => one.tests > 0).sort((a, b) => b.tests - a.tests);
    for (const { test } of reaching) {
      if (!failed) await super.runTests([test], watcher, options);
    }
  }
};
