/** `tenantry schema`: prints or writes the JSON Schemas and custom resource definitions. */
import { join } from 'node:path';
import { Command } from 'commander';
import { asTenantryError, TenantryError } from '../errors.ts';
import { generatedFiles, writeGenerated } from '../spec/generate.ts';
import { type CommandContext, type ExitCode, report } from './command.ts';

interface SchemaOptions {
  readonly write?: string | true;
}

export function schemaCommand(context: CommandContext): Command {
  return new Command('schema')
    .summary('print the JSON Schema, or write all schemas and CRDs')
    .description(
      'Without options prints the JSON Schema of all kinds, for an editor. With --write writes JSON Schemas (schema/),\ncustom resource definitions (crds/) and the reference page (docs/reference/) below a folder.',
    )
    .argument(
      '[name]',
      'a file of --write, e.g. crds/tenantry.dev_tenants.yaml',
      'schema/tenantry.schema.json',
    )
    .option('--write [folder]', 'folder to write into (default: this one)')
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry schema > tenantry.schema.json\n  tenantry schema crds/tenantry.dev_tenants.yaml | kubectl apply -f -\n  tenantry schema --write .',
    )
    .action((name: string, options: SchemaOptions) =>
      report(context, 'text', () => schema(name, options, context)),
    );
}

async function schema(name: string, options: SchemaOptions, { io }: CommandContext): Promise<ExitCode> {
  if (options.write !== undefined) {
    const root = options.write === true ? io.cwd : join(io.cwd, options.write);
    const names = await writeGenerated(root).catch((error: unknown) => {
      throw asTenantryError(error);
    });
    for (const written of names) io.out(`${written}\n`);
    return 0;
  }
  const files = generatedFiles();
  const file = files.find((item) => item.name === name);
  if (!file) {
    throw new TenantryError('InvalidUsage', `there is no schema "${name}"`, {
      hint: `one of ${files.map((item) => item.name).join(', ')}`,
    });
  }
  io.out(file.text);
  return 0;
}
