const GPU = /^(nvidia\.com\/(gpu|mig-.*)|amd\.com\/gpu|gpu\.intel\.com\/.*)$/;

/**
 * The name of a resource that is a GPU, or a part of one.
 *
 * @see https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
 */
export function isGpu(resource: string): boolean {
  return GPU.test(resource);
}
