import { github } from './github';
import { json } from './json';
import { junit } from './junit';
import { Format } from './result';
import { sarif } from './sarif';
import { text } from './text';

export const FORMATS: Readonly<Record<string, Format>> = { text, json, sarif, github, junit };
