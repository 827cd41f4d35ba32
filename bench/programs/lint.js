// node lint.js COUNT: prints the CPU seconds that Rules.lint takes for so many objects.
const { objects } = require('../manifests');
const { rules: { Rules } } = require('../..');

const warmUp = objects(1000);
for (let i = 0; i < 3; i++) Rules.lint(warmUp);
const input = objects(Number(process.argv[2]));
const before = process.cpuUsage();
Rules.lint(input);
const { user, system } = process.cpuUsage(before);
console.log((user + system) / 1e6);
