import { conditions } from '../../src/rules/finding';
import { violations } from './manifests';

/** What is special about the workload of a container. */
export interface Around {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly annotations?: object;
  /** Of the workload. */
  readonly spec?: object;
  /** Of the pod. */
  readonly pod?: object;
}

/** A workload with one container, and with nothing that the rules take offence at elsewhere. */
export function workload(container: object, { kind = 'Deployment', name = 'shop', namespace, annotations = {}, spec = {}, pod = {} }: Around = {}): object {
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, metadata: { name, ...namespace === undefined ? {} : { namespace } },
    spec: {
      selector: { matchLabels: { app: name } }, ...spec,
      template: { metadata: { labels: { app: name }, annotations }, spec: { terminationGracePeriodSeconds: 600, ...pod, containers: [{ name: 'main', image: 'registry.example/shop:1.4.2', ...container }] } },
    },
  };
}

/** The container of a process, by the words after `celery -A shop`. */
export function celery(words: string, more: object = {}): object {
  return { command: ['celery', '-A', 'shop', ...words.split(' ')], ...more };
}

/** What the image of Python runs, with the code of the application in sight. */
export function withCode(text: string, words: string, more: object = {}): object[] {
  return [
    workload({ ...celery(words), image: 'python:3.11-slim', workingDir: '/app', volumeMounts: [{ name: 'code', mountPath: '/app' }], ...more }, {
      pod: { volumes: [{ name: 'code', configMap: { name: 'code' } }] },
    }),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, immutable: true, data: { 'shop.py': text } },
  ];
}

export function env(values: Record<string, string>): object {
  return { env: Object.entries(values).map(([name, value]) => ({ name, value })) };
}

/** What a rule finds: `severity: value (conditions)`. */
export function found(id: string, ...objects: readonly object[]): string[] {
  return violations(objects).filter(({ rule }) => rule.id === id).map(({ severity, value, note, unless }) => {
    const condition = conditions(note, unless);
    return [severity, ...value === undefined ? [] : [`: ${value}`], ...condition === '' ? [] : [` (${condition})`]].join('');
  });
}
