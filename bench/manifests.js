// Any number of manifests, the same each time: everything that is real in this repository, each file in namespaces of its own.
const { readdirSync, readFileSync } = require('fs');
const { join } = require('path');
const { load } = require('js-yaml');
const { root } = require('./measure');

/** One failing case for so many passing ones: a cluster that is mostly well. */
const FAILING = 10;

function files(folder, take = () => true) {
  return readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith('.yaml') && take(name)).sort()
    .map((name) => readFileSync(join(root, folder, name), 'utf8'));
}

const failing = files('test/rules/cases', (name) => name.endsWith('fail.yaml'));
const SOURCES = [
  ...files('dist'), ...files('test/rules/corpus'), ...files('test/rules/cases', (name) => name.endsWith('pass.yaml')),
  ...failing.filter((_, i) => i % FAILING === 0),
].map((text) => text.split(/^---$/m).filter((part) => /^metadata:/m.test(part)));

function into(namespace, document) {
  return document.trimStart().replace(/^ {2}namespace: .*\n/m, '').replace(/^(metadata: *\{.*?)\bnamespace: *[\w-]+(, *)?/m, '$1')
    .replace(/^metadata: *(\{?)/m, (_, flow) => flow ? `metadata: {namespace: ${namespace}, ` : `metadata:\n  namespace: ${namespace}`);
}

/** So many documents as texts. */
function texts(count) {
  const found = [];
  for (let copy = 0; found.length < count; copy++) {
    SOURCES.forEach((documents, i) => found.push(...documents.map((document) => into(`ns-${copy}-${i}`, document))));
  }
  return found.slice(0, count);
}

/** So many documents as objects, without parsing each copy. */
function objects(count) {
  const parsed = SOURCES.map((documents) => documents.map((document) => load(into('ns', document))));
  const found = [];
  for (let copy = 0; found.length < count; copy++) {
    parsed.forEach((documents, i) => documents.forEach((document) => {
      const object = structuredClone(document);
      object.metadata.namespace = `ns-${copy}-${i}`;
      found.push(object);
    }));
  }
  return found.slice(0, count);
}

/** So many times the same, each in a namespace of its own. */
function copies(document, count) {
  return Array.from({ length: count }, (_, i) => into(`ns-${i}`, document));
}

module.exports = { copies, objects, texts };
