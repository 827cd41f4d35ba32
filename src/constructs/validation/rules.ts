import { hasUrlCredential } from '../../celery/credentials';
import { IConstruct } from 'constructs';
import { Finding, toFinding } from '../../rules/finding';
import { lintObjects } from '../../rules/lint';
import { RULES } from '../../rules/table';
import { examineTree, suppressOn } from './tree';

/**
 * The rules that guard every synth: what is known to break Celery on Kubernetes.
 *
 * They run on the manifests, so they see what escape hatches and patches did, too.
 */
export class Rules {
  /** The rules as they apply to a construct and everything in it. */
  public static of(scope: IConstruct): Rules {
    return new Rules(scope);
  }

  /**
   * Runs all rules on Kubernetes objects: what `JSON.parse` or a YAML parser makes of manifests, from anywhere.
   *
   * Never throws, whatever the objects are. The result does not depend on their order.
   *
   * @param objects the objects; Lists are opened, what is no Kubernetes object is ignored
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- jsii has no `unknown`
  public static lint(objects: any[]): Finding[] {
    return lintObjects(Array.isArray(objects) ? objects : []).violations.map(toFinding);
  }

  /**
   * Runs all rules on the objects of a tree of constructs, with its suppressions.
   *
   * @param root an App, a Chart or any other construct
   */
  public static check(root: IConstruct): Finding[] {
    const { found, unwritten } = examineTree(root);
    if (unwritten.length > 0) throw new Error(unwritten.map(([, message]) => message).join('\n'));
    return found.map(toFinding);
  }

  private constructor(private readonly scope: IConstruct) {}

  /**
   * Silences a rule for this construct and everything in it.
   *
   * A suppression that silences nothing is reported itself. Synth writes it on the objects that it silences, as the annotation
   * `cdk8s-celery/suppressed`, so that `cdk8s-celery lint` finds no more in the manifests than synth did.
   *
   * @param id the id of the rule, for example `beat/rolling-update`
   * @param reason why this is right here: for whoever reads it later
   */
  public suppress(id: string, reason: string): Rules {
    if (!RULES.some((rule) => rule.id === id)) {
      throw new Error(`id: '${String(id)}' is not a rule${similar(String(id))}; \`cdk8s-celery lint --list\` shows them all`);
    }
    if (typeof reason !== 'string' || reason.trim() === '') {
      throw new Error(`reason: the suppression of '${id}' gives no reason; say why this is right here`);
    }
    if (hasUrlCredential(reason)) {
      throw new Error(`reason: that of the suppression of '${id}' has a URL with a credential, and it is written into the manifests; leave it out`);
    }
    suppressOn(this.scope, id, reason);
    return this;
  }
}

/**
 * `Rules.lint` as a function, for TypeScript and JavaScript: jsii has none, so Python calls `Rules.lint`.
 *
 * @param objects the objects; Lists are opened, what is no Kubernetes object is ignored
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as Rules.lint
export function lint(objects: any[]): Finding[] {
  return Rules.lint(objects);
}

function similar(id: string): string {
  const [subject, name = ''] = id.split('/');
  const found = RULES.filter((rule) => rule.id.endsWith(`/${name}`) || rule.id.startsWith(`${subject}/`)).map((rule) => rule.id);
  return found.length === 0 ? '' : ` (did you mean ${found.slice(0, 5).join(', ')}?)`;
}
