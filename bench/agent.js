// What the agent costs in a worker: agent/bench/cost.py, in a virtual environment that is made when it is missing.
const { execFileSync, spawnSync } = require('child_process');
const { cpus, loadavg } = require('os');
const { join } = require('path');
const { root } = require('./measure');

const { celery: LOCKED } = require('../locks/index.json');

const VERSIONS = `${Object.keys(LOCKED).at(-1)}:3.11`;

module.exports = (_folder, options) => {
  if (spawnSync('redis-server', ['--version']).error) {
    console.log('skipped: there is no redis-server on the PATH');
    return;
  }
  const agent = join(root, 'agent');
  const venv = execFileSync(join(agent, 'tests/venv.sh'), [VERSIONS], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const [celery, python] = VERSIONS.split(':');
  console.log(`Celery ${celery}, Python ${python}, prefork, 2 processes, the library's command line (load ${loadavg()[0].toFixed(1)} on ${cpus().length} CPUs).\n`);
  const { status } = spawnSync(join(agent, venv, 'bin/python'), ['bench/cost.py', ...options], { cwd: agent, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
};
