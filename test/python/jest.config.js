/** The library as Python gets it: the wheel, in a virtual environment. Needs the package index, and some minutes. */
module.exports = {
  ...require('../../jest.config.js'),
  rootDir: '../..',
  testMatch: ['<rootDir>/test/python/**/*.test.ts'],
  testTimeout: 600_000,
};
