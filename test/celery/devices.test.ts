import { isGpu } from '../../src/celery/devices';

test.each(['nvidia.com/gpu', 'nvidia.com/mig-1g.5gb', 'amd.com/gpu', 'gpu.intel.com/i915'])('%s is a GPU', (name) => {
  expect(isGpu(name)).toBe(true);
});

test.each(['cpu', 'nvidia.com/gpu.shared', 'example.com/gpu', 'xnvidia.com/gpu', 'nvidia.com/mig', 'amd.com/gpus', 'gpu.intel.com'])('%s is none', (name) => {
  expect(isGpu(name)).toBe(false);
});
