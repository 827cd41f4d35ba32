/** Whose state a process that is forked cannot use. */
const GPU = /^(nvidia\.com\/(gpu|mig-.*)|amd\.com\/gpu|gpu\.intel\.com\/.*|aliyun\.com\/gpu-mem)$/;

/** Accelerators that are no GPU. */
const ACCELERATOR = /^(google\.com\/tpu|aws\.amazon\.com\/neuron(core|device)?|habana\.ai\/gaudi)$/;

/** The memory of a GPU, of which there may be some left. */
const PART = /^aliyun\.com\/gpu-mem$/;

/**
 * The name of an extended resource, which a device plugin offers. Nothing can ask for less of it than it may take.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#extended-resources
 */
export function isExtended(resource: string): boolean {
  return resource.includes('/') && !resource.includes('kubernetes.io/');
}

/**
 * The name of a resource that is a GPU, or a part of one.
 *
 * @see https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
 */
export function isGpu(resource: string): boolean {
  return GPU.test(resource);
}

/**
 * The name of a device class that is a GPU, or a part of one.
 *
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/
 */
export function isGpuClass(name: string): boolean {
  return /^(gpu|mig)\.(nvidia|amd|intel)\.com$/.test(name);
}

/** The name of a resource of which a node has few: a GPU, or another accelerator. */
export function isDevice(resource: string): boolean {
  return GPU.test(resource) || ACCELERATOR.test(resource);
}

/** One that a pod has for itself. */
export function isWholeDevice(resource: string): boolean {
  return isDevice(resource) && !PART.test(resource);
}
