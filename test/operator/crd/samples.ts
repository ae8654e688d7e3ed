/** Every Tenant and TenantIntegration that the repository shows to people: the stacks, and the examples in the docs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type CustomKind, PROJECT, type Sent } from './api.ts';
import { SAMPLES } from './verdicts.ts';

export interface Sample {
  /** File, and for a page which example of it. */
  readonly where: string;
  readonly kind: CustomKind;
  readonly document: Sent & { readonly metadata: { readonly name: string }; readonly spec: Sent };
}

export function samples(): Sample[] {
  const stacks = filesBelow('stacks', '.yaml').flatMap((file) => samplesOf(file, text(file)));
  const pages = ['README.md', ...filesBelow('docs', '.md')].flatMap((file) =>
    [...text(file).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].flatMap(([, yaml = ''], index) =>
      samplesOf(`${file} (example ${index + 1})`, yaml),
    ),
  );
  return [...stacks, ...pages];
}

function text(file: string): string {
  return readFileSync(join(PROJECT, file), 'utf8');
}

function filesBelow(folder: string, extension: string): string[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(extension))
    .sort()
    .map((file) => join(folder, file));
}

function samplesOf(where: string, yaml: string): Sample[] {
  return parseAllDocuments(yaml).flatMap((parsed) => {
    const document = parsed.toJS() as Record<string, unknown> | null;
    const kind = document?.['kind'] as CustomKind;
    if (document === null || !Object.hasOwn(SAMPLES, kind)) return [];
    // A page may leave out what it is not about.
    return [{ where, kind, document: { ...SAMPLES[kind], ...document } as unknown as Sample['document'] }];
  });
}
