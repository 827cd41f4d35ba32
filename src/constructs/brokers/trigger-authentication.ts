import { nearest } from '../../nearest';
import { isPlainObject, typeOf } from '../validation/plain-object';
import { Described, Problem } from '../validation/problems';

/**
 * The spec of a TriggerAuthentication: its fields, those of each, and whether they are in a list. A field with `!` is required.
 *
 * @see crds/keda.sh_triggerauthentications.yaml, which a test compares with it
 */
export const AUTHENTICATION: Readonly<Record<string, { readonly list: boolean; readonly fields: readonly string[] }>> = {
  secretTargetRef: { list: true, fields: ['key!', 'name!', 'parameter!'] },
  configMapTargetRef: { list: true, fields: ['key!', 'name!', 'parameter!'] },
  env: { list: true, fields: ['containerName', 'name!', 'parameter!'] },
  boundServiceAccountToken: { list: true, fields: ['parameter!', 'serviceAccountName!'] },
  podIdentity: {
    list: false, fields: ['externalID', 'identityAuthorityHost', 'identityId', 'identityOwner', 'identityTenantId', 'provider!', 'roleArn'],
  },
  awsSecretManager: { list: false, fields: ['credentials', 'podIdentity', 'region', 'secrets!'] },
  azureKeyVault: { list: false, fields: ['cloud', 'credentials', 'podIdentity', 'secrets!', 'vaultUri!'] },
  gcpSecretManager: { list: false, fields: ['credentials', 'podIdentity', 'secrets!'] },
  hashiCorpVault: { list: false, fields: ['address!', 'authentication!', 'credential', 'mount', 'namespace', 'role', 'secrets!'] },
  oauth2: { list: false, fields: ['clientId!', 'clientSecret', 'scopes', 'tokenUrl!', 'tokenUrlParams', 'type!'] },
};

/** The only one that is a string. */
const FILE_PATH = 'filePath';

const EXAMPLE = '{ secretTargetRef: [{ parameter, name, key }] }';

/** What is wrong with the spec of a TriggerAuthentication. No message has a value of it: it may be a password. */
export function checkAuthentication(prop: string, value: unknown): Problem[] {
  if (!isPlainObject(value)) return [notOf(prop, value, 'an object', EXAMPLE)];
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  if (names.length === 0) return [{ prop, value: new Described('an object'), wrong: 'is empty', fix: `give ${EXAMPLE}, or leave it out` }];
  return names.flatMap((name) => {
    const at = `${prop}.${name}`;
    if (name === FILE_PATH) return typeof value[name] === 'string' ? [] : [notOf(at, value[name], 'a string', 'the path of a file')];
    if (!Object.hasOwn(AUTHENTICATION, name)) return [unknown(at, name, [...Object.keys(AUTHENTICATION), FILE_PATH], 'a TriggerAuthentication')];
    const { list, fields } = AUTHENTICATION[name];
    if (!list) return checkFields(at, value[name], name, fields);
    if (!Array.isArray(value[name])) return [notOf(at, value[name], 'a list', `[{ ${fields.map(plain).join(', ')} }]`)];
    // Not flatMap, which leaves out the holes of a list.
    return Array.from(value[name], (item: unknown, i) => checkFields(`${at}[${i}]`, item, name, fields)).flat();
  });
}

/** The parameters of triggers that come from it, in whichever list. */
export function parametersOf(authentication: object = {}): Set<string> {
  const lists = Object.values(authentication).map((value: unknown) => isPlainObject(value) ? value.secrets : value);
  const items = lists.flatMap((value) => Array.isArray(value) ? value as unknown[] : []);
  return new Set(items.flatMap((item) => isPlainObject(item) && typeof item.parameter === 'string' ? [item.parameter] : []));
}

function checkFields(prop: string, value: unknown, of: string, fields: readonly string[]): Problem[] {
  const names = fields.map(plain);
  if (!isPlainObject(value)) return [notOf(prop, value, 'an object', `{ ${names.join(', ')} }`)];
  const given = Object.keys(value).filter((name) => value[name] !== undefined);
  const strange = given.filter((name) => !names.includes(name));
  // What is missing may be what was misspelt: one mistake is one message.
  const meant = new Set(strange.map((name) => nearest(name, names)));
  const isText = AUTHENTICATION[of].list || of === 'podIdentity';
  return [
    ...strange.map((name) => unknown(`${prop}.${name}`, name, names, of)),
    ...fields.filter((field) => field.endsWith('!') && !given.includes(plain(field)) && !meant.has(plain(field))).map((field) => ({
      prop: `${prop}.${plain(field)}`, value: undefined, wrong: 'is missing', fix: `${of} needs it`,
    })),
    ...(isText ? given.filter((name) => names.includes(name) && (typeof value[name] !== 'string' || value[name] === '')).map((name) => (
      notOf(`${prop}.${name}`, value[name], 'a string with characters', 'one'))) : []),
  ];
}

function plain(field: string): string {
  return field.replace('!', '');
}

function unknown(prop: string, name: string, names: readonly string[], of: string): Problem {
  const meant = nearest(name, names);
  return {
    prop, value: new Described('a value'), wrong: `is not a field of ${of}`, fix: meant === undefined ? `allowed: ${names.join(', ')}` : `did you mean ${meant}?`,
  };
}

function notOf(prop: string, value: unknown, what: string, example: string): Problem {
  return { prop, value: new Described(value === '' ? 'an empty string' : typeOf(value)), wrong: `is not ${what}`, fix: `give ${example}` };
}
