// 100 stacks in one program against 1000: time must be linear, and memory flat.
const { join } = require('path');
const { measure, medians, table } = require('./measure');

module.exports = (folder) => {
  const stacks = [100, 1000].map((count) => {
    const command = ['node', join(__dirname, 'programs/stacks.js'), `${count}`, join(folder, 'stacks')];
    return { count, ...medians(Array.from({ length: 3 }, () => measure({ command }))) };
  });
  console.log('Stacks in one program, one App each.\n');
  table(['stacks', 'wall s', 'CPU s', 'ms a stack', 'peak MiB'], stacks.map(({ count, wall, cpu, peak }) =>
    [count, wall.toFixed(2), cpu.toFixed(2), (wall / count * 1000).toFixed(1), peak.toFixed(0)]));
  const exponent = Math.log10(stacks[1].wall / stacks[0].wall);
  console.log(`\nexponent of the wall time from 100 to 1000: ${exponent.toFixed(2)} (goal: at most 1.05); peak memory: ${stacks[1].peak.toFixed(0)} MiB (goal: below 200)`);
};
