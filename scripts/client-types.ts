/** Makes the types of the client from the OpenAPI document; `--check` tells only whether they are current. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
// Version 6 prints text. Version 7 calls the compiler's JavaScript API, which TypeScript 7 does not have.
import openapiTypescript, { type OpenAPI3 } from 'openapi-typescript';

const ROOT = join(import.meta.dirname, '..');
const FILE = join('src', 'client', 'openapi.ts');

const document = JSON.parse(await readFile(join(ROOT, 'schema', 'sidecar.openapi.json'), 'utf8')) as OpenAPI3;
const text = await openapiTypescript(document, {
  commentHeader:
    '/** Types of the sidecar’s API. Made from schema/sidecar.openapi.json by `npm run generate`: do not edit. */\n',
});
const { stdout, stderr, status } = spawnSync('biome', ['format', `--stdin-file-path=${FILE}`], {
  cwd: ROOT,
  input: text,
  encoding: 'utf8',
});
if (status !== 0) throw new Error(`biome cannot format ${FILE}: ${stderr}`);
if (!process.argv.includes('--check')) await writeFile(join(ROOT, FILE), stdout);
else if ((await readFile(join(ROOT, FILE), 'utf8')) !== stdout) {
  console.error(`${FILE} is not current: run \`npm run generate\``);
  process.exitCode = 1;
}
