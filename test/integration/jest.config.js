/** What starts programs of the project, and what takes time or memory by the size of its input: as the other tests, but by their own command. */
module.exports = {
  ...require('../../jest.config.js'),
  rootDir: '../..',
  testMatch: ['<rootDir>/test/integration/*.test.ts'],
};
