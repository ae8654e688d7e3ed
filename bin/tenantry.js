#!/usr/bin/env -S node --
// Starts the built program, or in a clone the sources as they are. Without the `--` Node takes --env-file for its own.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`tenantry needs Node 22.19 or newer; this is ${process.versions.node}`);
  console.error('  → install a current Node, or start it in a clone by `npm start`, which brings its own');
  process.exit(1);
}
const source = new URL('../src/cli/main.ts', import.meta.url);
await import(
  existsSync(fileURLToPath(source)) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href
);
