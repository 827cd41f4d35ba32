// What can happen to a worker and to Beat, with the agent and without: agent/tests/situations/compare.py.
const { spawnSync } = require('child_process');
const { join } = require('path');
const { root } = require('./measure');

module.exports = (_folder, options) => {
  if (spawnSync('redis-server', ['--version']).error) throw new Error('there is no redis-server on the PATH');
  const { status } = spawnSync('python3', [join(root, 'agent/tests/situations/compare.py'), ...options], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
};
