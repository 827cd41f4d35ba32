import {
  declaresVolume, entrypointProgram, imageProblem, isBase, isFixed, parseImage, plainShell, pythonVersion, taggedPython,
} from '../../src/celery/image';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  ['python:3.11-slim', { repository: 'python', name: 'python', tag: '3.11-slim', digest: undefined, official: true }],
  [`python:3.11-slim@${DIGEST}`, { repository: 'python', name: 'python', tag: '3.11-slim', digest: DIGEST, official: true }],
  [`redis@${DIGEST}`, { repository: 'redis', name: 'redis', tag: undefined, digest: DIGEST, official: true }],
  ['my.app:1', { repository: 'my.app', name: 'my.app', tag: '1', official: true }], ['localhost', { repository: 'localhost', name: 'localhost', tag: undefined, official: true }],
  ['localhost:5000/team/app:1', { repository: 'team/app', name: 'app', tag: '1', official: false }],
  [`registry.example.com/docker/library/redis:7-alpine@${DIGEST}`, { repository: 'redis', name: 'redis', tag: '7-alpine', digest: DIGEST, official: true }],
])('%s in its parts', (text, parts) => {
  expect(parseImage(text)).toMatchObject({ text, ...parts });
});

test.each([
  'python', 'python:3.11-slim', `python@${DIGEST}`, `python:3.11-slim@${DIGEST}`, 'team/app:1', 'localhost/app', 'localhost:5000/app', 'registry:5000/app:1',
  'registry.example.com/a/b/c:1.4.2', 'registry.example.com:443/app', 'Registry.Example.com/app:V1_2', '[2001:db8::1]:5000/app', '10.0.0.1:5000/app', 'a__b/c--d/e.f:x',
  `app:${'t'.repeat(128)}`, `${'a'.repeat(255)}:1`,
])('%s is a reference', (text) => {
  expect(imageProblem(text)).toBeUndefined();
});

test.each([
  '', ' ', 'my image', 'Python:3.11', 'team/App', 'a:1:2', 'a//b', '/a', 'a/', 'a:', 'a/:1', ':1', 'a:-1', 'a..b', 'a___b', 'https://registry.example.com/app', 'a_/b',
  'registry:port/app', 'app:1\n', `app:${'t'.repeat(129)}`, `${'a'.repeat(256)}:1`,
])('%p is no reference', (text) => {
  expect(imageProblem(text)?.wrong).toBe('is not an image reference');
});

test.each([
  'app@', 'app@sha256:', 'app@sha256:abc', `app@${DIGEST}0`, `app@${DIGEST.toUpperCase()}`, `app@${DIGEST.replace('sha256', 'sha1')}`, `app@${DIGEST}@${DIGEST}`,
  `app@${DIGEST.slice(0, -1)}g`, `app@${DIGEST.slice(7)}`,
])('%s has no digest that a registry knows', (text) => {
  expect(imageProblem(text)?.wrong).toBe('has a digest that is not sha256: and 64 hexadecimal digits');
});

test.each([
  `app@${DIGEST}`, `app:latest@${DIGEST}`, 'app:1.4.2', 'app:v1.4.2', 'python:3.11.9-slim', 'redis:7.2.5-alpine', 'app:release-1.4.2', 'app:1.4.2.1', 'app:2024.05.01',
  'app:8f3e2d1', 'app:main-8f3e2d1c', 'app:20240501', 'debian:12-20240101-slim', 'app:e2e-1764090000000',
])('%s always means the same image', (text) => {
  expect(isFixed(parseImage(text))).toBe(true);
});

test.each([
  'app', 'app:latest', 'python:3.11-slim', 'redis:7-alpine', 'redis:7', 'python:3.11', 'app:main', 'app:stable', 'app:v1', 'app:1.4', 'app:1.4.x', 'app:deadbeef', 'app:8f3e2d',
  'registry.example.com:5000/app', 'app:1234567g',
])('%s may mean another image tomorrow', (text) => {
  expect(isFixed(parseImage(text))).toBe(false);
});

test.each([
  ['python:3.11-slim', '3.11', '3.11'],
  [`python:3.12.1@${DIGEST}`, '3.12', '3.12'],
  ['registry.example.com/team/python:3.13-internal', undefined, '3.13'],
  [`python@${DIGEST}`, undefined, undefined],
  ['python:slim', undefined, undefined],
  ['pythonic:3.11', undefined, undefined],
])('%s has the Python %s, %s by its tag', (text, official, tagged) => {
  expect([pythonVersion(parseImage(text)), taggedPython(parseImage(text))]).toEqual([official, tagged]);
});

test.each<[string, string | undefined, string | undefined]>([
  ['apache/airflow:2.10', 'celery', 'airflow'], ['acme/my-airflow:1', 'worker', 'airflow'], ['acme/airflow_x:1', 'flower', 'airflow'], ['acme/airflower:1', 'celery', undefined],
  ['apache/airflow:2.10', 'scheduler', undefined], ['apache/airflow:2.10', undefined, undefined],
  ['sentry:1', 'run', 'sentry'], ['getsentry/sentry:1', 'run', 'sentry'], ['acme/sentry:1', 'run', 'sentry'], ['acme/sentry-relay:1', 'run', undefined],
  ['sentry:1', 'worker', undefined],
])('the entrypoint of %s with %p is %p', (image, first, program) => {
  expect(entrypointProgram(parseImage(image), first)).toBe(program);
});

test.each<[string, string]>([
  ['python:3.11-alpine', 'busybox'], ['mher/flower:2', 'busybox'], ['alpine:3', 'busybox'], ['busybox:1', 'busybox'], ['acme/alpine:3', 'unknown'],
  ['ubi9:1', 'bash'], ['redhat/ubi:1', 'bash'], ['fedora:40', 'bash'], ['rockylinux:9', 'bash'], ['acme/my-fedora:1', 'unknown'],
  ['python:3.11', 'dash'], ['debian:12', 'dash'], ['redis:7', 'dash'], ['rabbitmq:4', 'dash'], ['acme/python:3.11', 'unknown'], ['apache/airflow:2', 'dash'],
  ['apache/superset:4', 'dash'], ['valkey/valkey:8', 'dash'], ['acme/app:1-slim', 'dash'], ['acme/app:slim', 'dash'], ['acme/app:bookworm-1', 'dash'],
  ['acme/app:slimmer', 'unknown'], ['node:22', 'dash'], ['acme/node:22', 'unknown'], ['acme/app:1', 'unknown'],
])('sh in %s is %s', (image, shell) => {
  expect(plainShell(parseImage(image))).toBe(shell);
});

test.each<[string, boolean]>([
  ['redis', true], ['docker.io/redis', true], ['index.docker.io/redis:7', true], ['docker.io/library/redis', true], ['mirror.example.com/library/redis', true],
  ['localhost/redis', false], ['localhost:5000/redis', false], ['registry.example.com/redis', false], ['acme/redis', false],
])('%s is official: %p', (image, official) => {
  expect(parseImage(image)).toMatchObject({ official, name: 'redis' });
});

test.each<[string, string, boolean]>([
  ['redis:7.4', '/data', true], ['docker.io/library/redis:7.4', '/data/rdb', true], ['valkey/valkey:8.1', '/data', true], ['mher/flower:2.0.1', '/data/flower', true],
  ['redis:7.4', '/database', false], ['redis:7.4', '/var/lib/redis', false], ['bitnami/redis:7.4', '/data', false], ['acme/redis:7.4', '/data', false],
  ['postgres:17.5', '/data', false],
])('%s at %s', (text, path, declared) => {
  expect(declaresVolume(parseImage(text), path)).toBe(declared);
});

test.each<[string, boolean]>([
  ['python:3.12', true], ['docker.io/library/python:3.12', true], ['node', true], ['alpine:3', true], ['team/python:3.12', false], ['registry.example.com/python:3.12', false], ['redis:7', false], ['shop:1', false],
])('%s is without an application: %p', (text, base) => {
  expect(isBase(parseImage(text))).toBe(base);
});
