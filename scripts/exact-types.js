#!/usr/bin/env node
// scripts/exact-types.js: after jsii. To jsii, plain data in the shape of the Kubernetes API is `any`; TypeScript sees its exact type.
const { readFileSync, writeFileSync } = require('fs');
const { join } = require('path');

const file = join(__dirname, '../lib/constructs/kubernetes/shape.d.ts');
const loose = 'export type Shape<_T> = any;';
const exact = 'export type Shape<T> = T;';
const text = readFileSync(file, 'utf8');
if (!text.includes(loose) && !text.includes(exact)) throw new Error(`${file} does not have: ${loose}`);
writeFileSync(file, text.replace(loose, exact));
