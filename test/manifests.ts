import { App, Chart, Testing } from 'cdk8s';
import type { Deployment, StatefulSet } from 'kubernetes-types/apps/v1';
import type { ConfigMap, Container, Namespace, PersistentVolumeClaim, PodSpec, PodTemplateSpec, Service } from 'kubernetes-types/core/v1';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1';
import { loadAll } from 'js-yaml';
import { External, invariantProblems } from './invariants';
import { schemaProblems } from './manifest-schema';

/** Any object: what its kind has is the schema's matter. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Manifest = Record<string, any>;

/** Tests look at fields that they know to be there. */
type Known<T> = T extends (infer U)[] ? Known<U>[] : T extends object ? { [K in keyof T]-?: Known<T[K]> } : T;

export type PodTemplate = PodTemplateSpec & { spec: PodSpec };

interface Kinds {
  ConfigMap: ConfigMap;
  Deployment: Deployment;
  Namespace: Namespace;
  NetworkPolicy: NetworkPolicy;
  PersistentVolumeClaim: PersistentVolumeClaim;
  ScaledObject: { spec: { triggers: { type: string; metadata: Record<string, string> }[] } };
  Service: Service;
  StatefulSet: StatefulSet;
}

/** The objects of a program, by kind and name. */
export class Manifests {
  /** The objects of YAML files, in the order in which `kubectl apply` reads them. */
  public static parse(files: readonly string[], external: External = []): Manifests {
    return Manifests.of(files.flatMap((yaml) => loadAll(yaml) as Manifest[]), external);
  }

  /** Fails unless the objects keep the schema and the invariants. */
  public static of(all: readonly Manifest[], external: External = []): Manifests {
    const problems = [
      ...all.flatMap((manifest) => schemaProblems(manifest).map((problem) => `${manifest.kind}/${manifest.metadata?.name}${problem}`)),
      ...invariantProblems(all, external),
    ];
    if (problems.length > 0) throw new Error(`The manifests are wrong:\n${problems.join('\n')}`);
    return new Manifests(all);
  }

  private constructor(public readonly all: readonly Manifest[]) {}

  /** By its name, or, where the name ends with a hash of the content, by what comes before that. */
  public find<K extends keyof Kinds>(kind: K, name: string): Known<Kinds[K]> | undefined {
    const found = this.all.find((manifest) => manifest.kind === kind && [manifest.metadata.name, withoutHash(manifest)].includes(name));
    return found as Known<Kinds[K]> | undefined;
  }

  public get<K extends keyof Kinds>(kind: K, name: string): Known<Kinds[K]> {
    const found = this.find(kind, name);
    if (!found) throw new Error(`There is no ${kind} ${name}, but ${this.identities().join(', ')}`);
    return found;
  }

  /** The pod of a Deployment. */
  public pod(name: string): Known<PodSpec> {
    return this.get('Deployment', name).spec.template.spec;
  }

  /** The main container of a Deployment. */
  public main(name: string): Known<Container> {
    return this.pod(name).containers[0];
  }

  /** The values of its environment; for one that comes from elsewhere, where from. */
  public env(name: string): Record<string, unknown> {
    return Object.fromEntries(this.main(name).env.map((variable) => [variable.name, variable.value ?? variable.valueFrom]));
  }

  public identities(): string[] {
    return this.all.map((manifest) => `${manifest.kind}/${withoutHash(manifest)}`);
  }
}

/** `celery-app` for a ConfigMap `celery-app-5f2a91c3` that is named by its content. */
export function withoutHash({ metadata: { name, labels } }: Manifest): string {
  const hash = labels?.['cdk8s-celery/content-hash'];
  return hash === undefined ? name : name.replace(new RegExp(`-${hash}$`), '');
}

/** The objects of an app, as text. Not as YAML, which costs three times as much: dist/ and the examples are checked as files. */
export function renderApp(app: App): string {
  return JSON.stringify(app.charts.flatMap((chart) => Testing.synth(chart) as Manifest[]), undefined, 1);
}

/** The objects of a chart with namespace `test`, as text. */
export function render(define: (chart: Chart) => void): string {
  const app = new App();
  define(new Chart(app, 'chart', { namespace: 'test' }));
  return renderApp(app);
}

/** The objects of a chart: every test gets its manifests here, so all of them are valid. */
export function synth(define: (chart: Chart) => void, external: External = []): Manifests {
  return Manifests.of(JSON.parse(render(define)) as Manifest[], external);
}

/** What synth refuses a chart for: the path of the construct and the message, in one line a problem. */
export function refusals(define: (chart: Chart) => void): string[] {
  try {
    render(define);
  } catch (error) {
    const [title, ...lines] = (error as Error).message.split('\n  ');
    if (title !== 'Validation failed with the following errors:') throw error;
    return lines;
  }
  throw new Error('Nothing was refused');
}
