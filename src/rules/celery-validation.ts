import { describeFinding, Finding } from './finding';
import { Rules } from './rules';
import { Severity } from './severity';

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
  public async validate(context: any): Promise<void> {
    const manifests: string[] = [...context.manifests];
    const objects: any[] = [];
    const files: string[] = [];
    for (const manifest of manifests) {
      for (const object of context.parseManifest(manifest)) {
        objects.push(object);
        files.push(manifest);
      }
    }
    const findings = Rules.lint(objects).filter(({ severity }) => severity !== Severity.INFO);
    for (const [ruleId, group] of byRule(findings)) {
      context.report.addViolation({
        ruleName: ruleId,
        ruleDescription: group[0].message,
        severity: group[0].severity,
        fix: group[0].fix,
        violatingResources: group.map((finding) => ({
          resourceName: finding.name,
          locations: [`${finding.path} ${describeFinding(finding)}`],
          manifestPath: files[finding.objectIndex] ?? '',
        })),
      });
    }
    context.report.submit(findings.some(({ severity }) => severity === Severity.ERROR) ? 'failure' : 'success');
  }
}

function byRule(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) groups.set(finding.ruleId, [...groups.get(finding.ruleId) ?? [], finding]);
  return groups;
}
