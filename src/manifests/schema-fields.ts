import { remembered } from '../memo';
import { SCHEMA } from './kubernetes-schema';

/** A field of a type of the schema. */
export interface Field {
  readonly type: string;
  readonly required: boolean;
}

/** The fields of a type of the schema, by name. */
export const fieldsOf: (type: string) => ReadonlyMap<string, Field> = remembered((type: string) => new Map(Object.entries(SCHEMA[type])
  .map(([name, kind]) => [name.replace('!', ''), { type: kind, required: name.endsWith('!') }])));

/** The words that a type such as `"Always|Never"` takes. */
export const wordsOf: (type: string) => readonly string[] = remembered((type: string) => type.slice(1, -1).split('|'));
