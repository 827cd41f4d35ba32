// What a probe costs at the pod and at the kubelet, of the agent and of celery inspect ping: a drill, on the cluster of the current
// context of kubectl.
const { execFileSync, spawnSync } = require('child_process');
const { root } = require('./measure');

module.exports = () => {
  if (spawnSync('kubectl', ['get', '--raw', '/readyz', '--request-timeout=10s']).status !== 0) {
    console.log('skipped: no cluster answers in the current context of kubectl');
    return;
  }
  execFileSync('npm', ['run', '--silent', 'drills', '--', 'drills/cost'], { cwd: root, stdio: 'inherit' });
};
