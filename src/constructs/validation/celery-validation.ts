import { describeFinding, Finding } from '../../rules/finding';
import { Rules } from './rules';
import { atLeast, Severity } from '../../rules/severity';

/** What we use of the ValidationContext of the cdk8s CLI. */
interface Context {
  readonly manifests: Iterable<string>;
  readonly parseManifest: (file: string) => Iterable<unknown>;
  readonly report: {
    readonly addViolation: (violation: object) => void;
    readonly submit: (status: 'success' | 'failure') => void;
  };
}

/**
 * The rules as a validation plugin of the cdk8s CLI, for applications that do not use our constructs.
 *
 * @see docs/rules/README.md
 */
export class CeleryValidation {
  /**
   * Called by `cdk8s synth` with the manifests that it wrote.
   *
   * @param context the ValidationContext of the cdk8s CLI
   */
  // jsii has no type for it.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  public validate(context: any): void {
    const { manifests, report } = context as Context;
    const objects: unknown[] = [];
    const files: string[] = [];
    for (const manifest of manifests) {
      for (const object of (context as Context).parseManifest(manifest)) {
        objects.push(object);
        files.push(manifest);
      }
    }
    const findings = Rules.lint(objects).filter(({ severity }) => atLeast(severity, Severity.WARNING));
    for (const [ruleId, group] of byRule(findings)) {
      report.addViolation({
        ruleName: ruleId,
        ruleDescription: group[0].message,
        severity: group[0].severity,
        fix: group[0].fix,
        violatingResources: group.map((finding) => ({
          resourceName: finding.objectName,
          locations: [`${finding.path} ${describeFinding(finding)}`],
          manifestPath: files[finding.objectIndex] ?? '',
        })),
      });
    }
    report.submit(findings.some(({ severity }) => severity === Severity.ERROR) ? 'failure' : 'success');
  }
}

function byRule(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) groups.set(finding.ruleId, [...groups.get(finding.ruleId) ?? [], finding]);
  return groups;
}
