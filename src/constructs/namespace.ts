import { ApiObject, Chart, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import * as checks from './validation/checks';
import { guard } from './validation/guard';
import { refuse } from './validation/problems';
import { oneOf, record, Shape, sound, text } from './validation/props';

/**
 * What a namespace admits.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export enum PodSecurity {
  /** Everything. */
  PRIVILEGED = 'privileged',
  /** What an ordinary image needs, root included. */
  BASELINE = 'baseline',
  /** Hardened pods alone, as all pods of this library are. */
  RESTRICTED = 'restricted',
}

/** Properties of `Namespace`. */
export interface NamespaceProps {
  /**
   * The name.
   *
   * @default - the namespace of the chart
   */
  readonly name?: string;

  /**
   * The Pod Security level that is enforced. A warning is given for what is not `restricted`, at any level.
   *
   * @default PodSecurity.BASELINE, so that `kubectl run` of an ordinary image works
   */
  readonly enforce?: PodSecurity;

  /**
   * Further labels.
   *
   * @default - none
   */
  readonly labels?: { [name: string]: string };
}

/**
 * The namespace of a chart, with Pod Security labels.
 *
 * Make it first in its chart: `kubectl apply` goes through a file from top to bottom.
 *
 * Synth fails if neither the chart nor `name` says which namespace, or if the name is not a DNS label.
 */
export class Namespace extends Construct {
  /** The Namespace object. */
  public readonly resource: kplus.Namespace;

  public constructor(scope: Construct, id: string, props: NamespaceProps = {}) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const name = props.name ?? Chart.of(this).namespace;
    refuse(this, [
      ...(name === undefined ? [{
        prop: 'name', value: name, wrong: 'is missing, and the chart has no namespace either', fix: 'give new Chart(app, id, { namespace }) or a name',
      }] : checks.name('name', name)),
      ...checks.labels('labels', props.labels),
    ]);
    guard(this);
    this.resource = new kplus.Namespace(this, 'Resource', {
      metadata: {
        name,
        labels: {
          ...props.labels,
          'pod-security.kubernetes.io/enforce': props.enforce ?? PodSecurity.BASELINE,
          'pod-security.kubernetes.io/warn': PodSecurity.RESTRICTED,
          'pod-security.kubernetes.io/audit': PodSecurity.RESTRICTED,
        },
      },
    });
    // The chart's namespace reaches every object, and a Namespace is in none.
    ApiObject.of(this.resource).addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  }
}

const PROPS: Shape<NamespaceProps> = {
  name: text('the name of the namespace'),
  enforce: oneOf(PodSecurity, 'a level of Pod Security'),
  labels: record(text('a string'), 'e.g. { team: \'orders\' }'),
};
