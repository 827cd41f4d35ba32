// Whether a Redis that answers nothing for a while makes a task run twice: agent/bench/stalls.py.
const { spawnSync } = require('child_process');
const { join } = require('path');
const { root } = require('./measure');

module.exports = (_folder, options) => {
  if (spawnSync('redis-server', ['--version']).error) throw new Error('there is no redis-server on the PATH');
  const { status } = spawnSync('python3', [join(root, 'agent/bench/stalls.py'), ...options], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
};
