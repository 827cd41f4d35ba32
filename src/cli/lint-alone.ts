#!/usr/bin/env node
import { sayError } from './command';
import { optimizeLate } from './late-optimization';
import { lint } from './lint';
import { err, standardOutput } from './streams';

// `celery-k8s-lint`: only `cdk8s-celery lint`, in one file without any package (scripts/make-lint.js).

function fail(error: unknown): void {
  err(`${sayError('celery-k8s-lint: ', error)}\n`);
  process.exit(2);
}

process.on('uncaughtException', fail);
optimizeLate();
lint(process.argv.slice(2), standardOutput()).then((code) => {
  process.exitCode = code;
}, fail);
