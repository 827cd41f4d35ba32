/** The tests of src/, in this process. test/integration, test/e2e, test/drills, test/locks and test/python have configurations of their own. */
module.exports = {
  testMatch: ['<rootDir>/test/*.test.ts', '<rootDir>/test/{celery,manifests,rules,constructs,cli}/**/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  // As a user imports it, without a build.
  moduleNameMapper: { '^cdk8s-celery$': '<rootDir>/src/index.ts' },
  testEnvironment: '<rootDir>/test/jest/environment.js',
  modulePathIgnorePatterns: ['<rootDir>/build/'],
  // As arguments of each module: Node.js looks up a global of the context that a test file runs in by a call, each time.
  sandboxInjectedGlobals: ['Array', 'Error', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Set', 'String', 'Symbol'],
  maxWorkers: 2,
  // Some start programs, on machines that have other work.
  testTimeout: 60_000,
  // A snapshot that is missing is an error; jest -u writes it.
  ci: true,
};
