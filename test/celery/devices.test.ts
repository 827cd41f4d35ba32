import { isDevice, isExtended, isGpu, isWholeDevice } from '../../src/celery/devices';

test.each(['nvidia.com/gpu', 'nvidia.com/mig-1g.5gb', 'amd.com/gpu', 'gpu.intel.com/i915', 'aliyun.com/gpu-mem'])('%s is a GPU', (name) => {
  expect([isGpu(name), isDevice(name)]).toEqual([true, true]);
});

test.each(['google.com/tpu', 'aws.amazon.com/neuron', 'aws.amazon.com/neuroncore', 'aws.amazon.com/neurondevice', 'habana.ai/gaudi'])('%s is a device, and no GPU', (name) => {
  expect([isGpu(name), isDevice(name), isWholeDevice(name)]).toEqual([false, true, true]);
});

test.each([
  'cpu', 'nvidia.com/gpu.shared', 'example.com/gpu', 'xnvidia.com/gpu', 'nvidia.com/mig', 'amd.com/gpus', 'gpu.intel.com', 'google.com/tpus', 'aws.amazon.com/neurons',
  'habana.ai/gaudi2', 'xaliyun.com/gpu-mem',
])('%s is none', (name) => {
  expect([isGpu(name), isDevice(name), isWholeDevice(name)]).toEqual([false, false, false]);
});

test('a pod has the memory of a GPU not for itself, and the others are', () => {
  expect(['nvidia.com/gpu', 'amd.com/gpu', 'aliyun.com/gpu-mem'].map(isWholeDevice)).toEqual([true, true, false]);
});

test.each([
  ['nvidia.com/gpu', true], ['example.com/dongle', true], ['cpu', false], ['hugepages-2Mi', false], ['kubernetes.io/dongle', false], ['x.kubernetes.io/dongle', false],
])('%s is an extended resource: %s', (name, expected) => {
  expect(isExtended(name)).toBe(expected);
});
