/**
 * Node.js, with each module compiled once in a process of Jest, which compiles it again for each test file. Only that is shared: a file
 * evaluates the modules itself, in a context of its own, with its mocks and globals.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const vm = require('node:vm');
const { TestEnvironment } = require('jest-environment-node');

const { compileFunction } = vm;

/** By the name of the file. */
const compiled = new Map();

vm.compileFunction = (source, parameters, options) => {
  const { filename, parsingContext } = options;
  // What imports later asks the test file that it was compiled for.
  if (parsingContext === undefined || /\bimport\s*\(/.test(source)) return compileFunction(source, parameters, options);
  const before = `(function (${parameters.join(', ')}) {`;
  const code = `${before}${source}\n})`;
  let known = compiled.get(filename);
  // Not what it was: with other parameters, or instrumented.
  if (known?.code !== code) compiled.set(filename, known = { code, script: new vm.Script(code, { filename, columnOffset: -before.length }) });
  return known.script.runInContext(parsingContext);
};

const { run } = AsyncLocalStorage.prototype;

/** What the runner of a test file has, and never disables: each promise of all later files asks each of them. */
const storages = new Set();

AsyncLocalStorage.prototype.run = function (...args) {
  storages.add(this);
  return run.apply(this, args);
};

module.exports = class extends TestEnvironment {
  async teardown() {
    storages.forEach((storage) => storage.disable());
    storages.clear();
    await super.teardown();
  }
};
