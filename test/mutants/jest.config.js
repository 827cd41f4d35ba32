const { join } = require('node:path');

/** The tests of a layer, which its mutants are run against: without random ones. */
const TESTS = {
  celery: 'celery/**/*',
  // What the reader makes of manifests is what rules find in them.
  manifests: '{manifests/**/*,rules/cases*}',
  rules: 'rules/**/*',
  constructs: 'constructs/**/*',
};

module.exports = {
  ...require('../../jest.config.js'),
  rootDir: '../..',
  testMatch: [`<rootDir>/test/${TESTS[process.env.MUTANTS_LAYER]}.test.ts`],
  runner: join(__dirname, 'runner.js'),
  testEnvironment: join(__dirname, 'environment.js'),
  testPathIgnorePatterns: ['/properties\\.test\\.ts$'],
};
