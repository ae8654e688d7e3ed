/** `tenantry schema`: prints or writes the JSON Schemas and custom resource definitions. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { TenantryError } from '../errors.ts';
import { documentFiles, generatedFiles, writeGenerated } from '../spec/generate.ts';
import { didYouMean } from '../spec/suggest.ts';
import {
  type CommandContext,
  type ExitCode,
  newCommand,
  outputOption,
  report,
  writeJson,
} from './command.ts';
import type { StackOptions } from './session.ts';

interface SchemaOptions extends Pick<StackOptions, 'output'> {
  readonly write?: string | true;
}

export function schemaCommand(context: CommandContext): Command {
  return newCommand('schema', {
    summary: 'print the JSON Schema, or write all schemas and CRDs',
    description:
      'Without options prints the JSON Schema of all kinds, for an editor. With --write writes JSON Schemas and the OpenAPI document of the sidecar (schema/), custom resource definitions (crds/) and the reference page (docs/reference/) below a folder.',
    examples: [
      'tenantry schema > tenantry.schema.json',
      'tenantry schema crds/tenantry.dev_tenants.yaml | kubectl apply -f -',
      'tenantry schema schema/sidecar.openapi.json > sidecar.openapi.json',
      'tenantry schema --write .',
    ],
  })
    .argument(
      '[name]',
      'a file of --write, e.g. crds/tenantry.dev_tenants.yaml',
      'schema/tenantry.schema.json',
    )
    .option('--write [folder]', 'write all files below this folder (default: the working directory)')
    .addOption(outputOption())
    .action((name: string, options: SchemaOptions) =>
      report(context, options, () => schema(name, options, context)),
    );
}

async function schema(name: string, options: SchemaOptions, { io }: CommandContext): Promise<ExitCode> {
  const json = options.output === 'json';
  if (options.write !== undefined) {
    const root = options.write === true ? io.cwd : resolve(io.cwd, options.write);
    const written = await writeGenerated(root).catch((cause: unknown) => {
      throw new TenantryError('NotWritable', `cannot write below ${root}: ${(cause as Error).message}`, {
        cause,
      });
    });
    if (json) writeJson(io, { ok: true, folder: root, written });
    else io.out(`${written.join('\n')}\n`);
    return 0;
  }
  // The sidecar's routes take their time to load, and an editor's JSON Schema does not need them.
  const isEnough = documentFiles().some((item) => item.name === name);
  const files = isEnough ? documentFiles() : await generatedFiles();
  const file = files.find((item) => item.name === name);
  if (!file) {
    const names = files.map((item) => item.name);
    throw new TenantryError('InvalidUsage', `there is no schema "${name}"${didYouMean(name, names)}`, {
      hint: `one of ${names.join(', ')}`,
    });
  }
  if (json && !file.name.endsWith('.json')) writeJson(io, { name: file.name, text: file.text });
  else io.out(file.text);
  return 0;
}
