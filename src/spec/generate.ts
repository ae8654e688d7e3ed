/** Writes the files that are made from the schemas: `crds/`, `schema/` and the reference page. */
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../make-folder.ts';
import { crdFiles } from './crd.ts';
import { type GeneratedFile, schemaFiles } from './json-schema.ts';
import { documentsReference } from './reference.ts';

export const SIDECAR_DOCUMENT = 'schema/sidecar.openapi.json';

/** Files made from the schemas of the documents, named from the root of the project. */
export function documentFiles(): GeneratedFile[] {
  return [
    ...crdFiles().map((file) => ({ ...file, name: `crds/${file.name}` })),
    ...schemaFiles().map((file) => ({ ...file, name: `schema/${file.name}` })),
    { name: 'docs/reference/documents.md', text: documentsReference() },
  ];
}

/** All generated files. Loads the sidecar, whose routes make its OpenAPI document, and the Pulumi provider's types. */
export async function generatedFiles(): Promise<GeneratedFile[]> {
  const { sidecarDocument } = await import('../sidecar/openapi/generate.ts');
  const text = `${JSON.stringify(await sidecarDocument(), null, 2)}\n`;
  const { PROVIDER_SCHEMA, providerSchemaText } = await import('../pulumi/provider/schema.ts');
  return [
    ...documentFiles(),
    { name: SIDECAR_DOCUMENT, text },
    { name: PROVIDER_SCHEMA, text: providerSchemaText() },
  ];
}

/** Writes all generated files below `root` and returns their names. */
export async function writeGenerated(root: string): Promise<string[]> {
  const files = await generatedFiles();
  for (const { name, text } of files) {
    const path = join(root, name);
    makeFolder(dirname(path));
    await writeFile(path, text);
  }
  return files.map((file) => file.name);
}
