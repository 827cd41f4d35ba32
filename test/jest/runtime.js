/** Jest's runtime, for the environment that test files share: src/, libraries, and helpers that keep nothing are loaded once for all of them. */
const { join, sep } = require('node:path');
const { default: Runtime } = require('jest-runtime');

const ROOT = join(__dirname, '../..');
const LIBRARIES = join(sep, 'node_modules', sep);
const SHARED = [
  ...['src', 'imports'].map((folder) => join(ROOT, folder) + sep),
  ...['crd-schema', 'fixtures', 'invariants', 'manifest-schema', 'manifests'].map((name) => join(ROOT, `test/${name}.ts`)),
];

/** Has what is shared; it is that of no test file, and is never torn down. */
let shared;

module.exports = class extends Runtime {
  #shared;

  constructor(...args) {
    super(...args);
    const [, environment] = args;
    const { collectCoverage, watch, watchAll } = args.at(-1);
    // Each file counts what it reaches, and may see what has changed.
    if (environment.isShared && !collectCoverage && !watch && !watchAll) this.#shared = shared ??= new Runtime(...args);
  }

  requireModule(from, moduleName, options, isRequireActual) {
    if (this.#shared && moduleName !== undefined && !options && !this._resolution.isCoreModule(moduleName)) {
      const path = this._resolution.resolveCjs(from, moduleName);
      if (path.includes(LIBRARIES) || SHARED.some((name) => path.startsWith(name))) return this.#shared.requireModule(from, path);
    }
    return super.requireModule(from, moduleName, options, isRequireActual);
  }

  getSourceMaps() {
    const own = super.getSourceMaps();
    if (!this.#shared) return own;
    const all = this.#shared.getSourceMaps();
    // Both grow while files are loaded.
    return { get: (file) => own.get(file) ?? all.get(file), [Symbol.iterator]: () => [...own, ...all].values() };
  }
};
