import { lazy } from '../memo';
import { baseName } from './command/command';
import { Container } from './pod/container';
import type { World } from './world';

/** A program that makes metrics of the events of workers. */
export interface Exporter {
  readonly container: Container;
  /** Of danihodovic/celery-exporter, whose options are known. */
  readonly options?: ReadonlyMap<string, string>;
}

/** All exporters of Celery in the input. */
export const exporters: (world: World) => readonly Exporter[] = lazy((world: World) => world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers }) => containers.filter(isExporter)).map((container) => ({ container, options: optionsOf(container) })));

function isExporter({ image, invocations }: Container): boolean {
  return /^celery-(prometheus-)?exporter$/.test(image.name) || invocations.some(({ words }) => words.slice(0, 2).some(({ text }) =>
    /^celery-(prometheus-)?exporter$/.test(baseName(text))));
}

/** By flag, or by the variables that click makes of its prefix: CE, and CELERY_EXPORTER_ in its first releases. */
function optionsOf(container: Container): ReadonlyMap<string, string> | undefined {
  if (container.image.repository !== 'danihodovic/celery-exporter' || container.env.open) return undefined;
  const options = new Map<string, string>();
  for (const [i, { text }] of container.words.entries()) {
    const [, name, value] = /^--([a-z-]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (name !== undefined) options.set(name, value ?? container.words[i + 1]?.text ?? '');
  }
  for (const { name, value } of container.env.all()) {
    const option = /^(?:CE|CELERY_EXPORTER_)_([A-Z_]+)$/.exec(name)?.[1].toLowerCase().replaceAll('_', '-');
    if (option !== undefined && !options.has(option)) options.set(option, value ?? '?');
  }
  return options;
}
