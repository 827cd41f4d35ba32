/** The tests on a real cluster: the one that kubectl talks to. Serial; what they deploy comes up at the same time. */
module.exports = {
  rootDir: __dirname,
  testMatch: ['<rootDir>/*.test.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  globalSetup: '<rootDir>/setup.ts',
  globalTeardown: '<rootDir>/teardown.ts',
  setupFilesAfterEnv: ['<rootDir>/after-spec.ts'],
  // Above every deadline in the tests, so that it is a deadline that speaks, and says what was missing.
  testTimeout: 600_000,
  verbose: true,
};
