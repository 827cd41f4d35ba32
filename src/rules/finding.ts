import { redact, redactUrl } from '../celery/credentials';
import { showPath } from '../manifests/json';
import { Finding } from './model';
import { printable } from './printable';
import { Violation } from './rule';

export { Finding };

export function toFinding({ rule, severity, at, note, unless, value, allowed, fix }: Violation): Finding {
  const { resource } = at;
  return {
    ruleId: rule.id,
    severity,
    message: note === undefined && unless === undefined ? rule.title : `${rule.title}: ${excerpt(conditions(note, unless))}`,
    unless: unless === undefined ? undefined : excerpt(unless),
    objectKind: resource.kind,
    objectName: resource.name,
    objectNamespace: resource.namespace === '' ? undefined : resource.namespace,
    container: at.container === '' ? undefined : at.container,
    path: showPath(resource.prefix.length === 0 ? at.path : [...resource.prefix, ...at.path]),
    value: value === undefined || value === '' ? undefined : excerpt(value),
    allowed: allowed === undefined ? undefined : redact(allowed),
    fix: fix === undefined ? rule.fix : redact(fix),
    objectIndex: resource.index,
  };
}

/** What makes a case special, and what would make it right: `on the claim state, unless the image has Celery 5.5`. */
export function conditions(note: string | undefined, unless: string | undefined): string {
  return [...note === undefined ? [] : [note], ...unless === undefined ? [] : [`unless ${unless}`]].join(', ');
}

/** `Deployment celery/worker (container worker)` */
export function showObject(
  { objectKind, objectNamespace, objectName, container }: Pick<Finding, 'objectKind' | 'objectNamespace' | 'objectName' | 'container'>,
): string {
  const namespace = objectNamespace === undefined ? '' : `${objectNamespace}/`;
  return `${objectKind} ${namespace}${objectName}${container === undefined ? '' : ` (container ${container})`}`;
}

/** A finding on one line, with what an error message needs: what is wrong, where, the value, what is allowed, how to fix it. */
export function describeFinding(finding: Finding): string {
  const { ruleId, message, path, value, allowed, fix } = finding;
  const parts = [`${showObject(finding)}${path === '' ? '' : `, ${path}`}: ${message}`];
  if (value !== undefined) parts.push(`it has ${JSON.stringify(value)}`);
  if (allowed !== undefined) parts.push(`allowed: ${allowed}`);
  return printable(`${parts.join('; ')}. ${fix} [${ruleId}]`);
}

/** Much more than is shown, and little enough for every regular expression. */
const LONGEST = 4000;

/** A value as it may be printed: one line, not too long, without passwords. */
function excerpt(value: string): string {
  // A password that goes on behind the end is one all the same.
  const whole = value.length > LONGEST ? value.slice(0, LONGEST).replace(/(:\/\/[^\s/@:]*:)[^\s@]*$/, '$1***') : value;
  const line = redactUrl(whole.replace(/\s+/g, ' ').trim());
  return line.length > 160 || whole !== value ? `${line.slice(0, 157)}...` : line;
}
