/**
 * One environment for all test files of a process of Jest: what they share is compiled once, and stays compiled (runtime.js). What a file has
 * changed is put back after it. A file that mocks a module asks for an environment of its own: `@jest-environment node`.
 */
const { TestEnvironment } = require('jest-environment-node');

let shared;

module.exports = class extends TestEnvironment {
  isShared = true;
  #globals;
  #process;

  constructor(...args) {
    if (shared) return shared;
    super(...args);
    shared = this;
    this.#globals = Object.getOwnPropertyDescriptors(this.global);
    const { env, exit } = this.global.process;
    this.#process = { env: { ...env }, exit, cwd: process.cwd() };
  }

  async teardown() {
    this.moduleMocker.restoreAllMocks();
    for (const key of Reflect.ownKeys(this.global)) {
      if (!Object.hasOwn(this.#globals, key)) delete this.global[key];
    }
    const { env, exit, cwd } = this.#process;
    const { process: given } = this.global;
    for (const name of Object.keys(given.env)) delete given.env[name];
    Object.assign(given.env, env);
    given.exit = exit;
    process.chdir(cwd);
  }
};
