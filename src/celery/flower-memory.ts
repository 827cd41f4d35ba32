/** The tasks that Flower keeps by default since Flower 2, and those that are enough for most. */
export const FLOWER_TASKS = { default: 100_000, enough: 10_000 } as const;

/**
 * The memory limit of a Flower by the number of tasks that it keeps, in MiB.
 *
 * With arguments of 1 KiB, 10 000 tasks take 75 MiB in addition to the 50 MiB of an idle Flower, 140 MiB while a client asks for all of them at
 * once, and as much again for results and what the allocator does not give back.
 */
export function flowerMemory(tasks: number): number {
  return Math.max(384, Math.ceil((224 + tasks / 64) / 64) * 64);
}
