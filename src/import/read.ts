/** Reads what is to be imported, whatever it is, into drafts and an account. */
import { InvalidDocumentsError, type Problem, TenantryError } from '../errors.ts';
import { readTenantConfigDraft } from '../spec/tenant-config.ts';
import { parseDocuments } from '../spec/yaml.ts';
import { parseTfvars } from './hcl.ts';
import { isObject } from './json.ts';
import { importTenantsJson } from './tenants-json.ts';
import { type ImportContext, importTerraform } from './terraform.ts';
import { readTerraform } from './terraform-state.ts';
import { importTfvars } from './tfvars.ts';

export const FORMATS = ['tenants-json', 'tfvars', 'terraform'] as const;
export type Format = (typeof FORMATS)[number];

export interface SourceText {
  /** As the user named it. */
  readonly file: string;
  readonly text: string;
}

/** Mistakes in what is imported: the hint of documents names a command that does not look at it. */
class InvalidSourceError extends InvalidDocumentsError {
  override readonly hint = 'correct the file or export it again, and repeat the import';
}

/**
 * @param from undefined: it is told by the name of the file and by what it holds
 * @returns what it was
 * @throws InvalidDocumentsError with the places of mistakes; InvalidUsage for what is none of the formats
 */
export function readSource(source: SourceText, from: Format | undefined, context: ImportContext): Format {
  try {
    return readAs(source, from, context);
  } catch (error) {
    throw error instanceof InvalidDocumentsError ? new InvalidSourceError(error.problems) : error;
  }
}

function readAs(source: SourceText, from: Format | undefined, context: ImportContext): Format {
  const format = from ?? detect(source);
  if (format === 'tenants-json') importTenantsJson(readTenantConfigDraft(source.file, source.text), context);
  else if (format === 'terraform') importTerraform(readTerraform(source.file, parseJson(source)), context);
  else {
    const isJson = source.text.trimStart().startsWith('{');
    const variables = isJson ? parseJson(source) : parseTfvars(source.file, source.text);
    if (!isObject(variables)) throw unknown(source.file);
    importTfvars(variables, context);
  }
  return format;
}

function detect(source: SourceText): Format {
  if (/\.tfvars(\.json)?$/i.test(source.file)) return 'tfvars';
  if (!source.text.trimStart().startsWith('{')) {
    if (/^\s*(?:[#/]|[A-Za-z_][\w-]*\s*=)/.test(source.text)) return 'tfvars';
    throw unknown(source.file);
  }
  const value = parseJson(source);
  if (!isObject(value)) throw unknown(source.file);
  if ('format_version' in value || 'terraform_version' in value || 'encrypted_data' in value)
    return 'terraform';
  if ('tenant_integrations' in value) return 'tfvars';
  if (Array.isArray(value['tenants'])) return 'tenants-json';
  throw unknown(source.file);
}

function unknown(file: string): TenantryError {
  return new TenantryError('InvalidUsage', `${file} is none of the files that can be imported`, {
    hint: 'pass a tenants.json, a .tfvars or .tfvars.json file, or the output of `terraform show -json`; --from says which it is',
  });
}

/** The parser of Node repeats the text in its messages; the place is found without that. */
function parseJson({ file, text }: SourceText): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    // Every JSON is YAML, so the place is right, and only the words are not.
    const [{ line, column }] = [...parseDocuments(file, text).problems, {} as Problem];
    const place = { ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
    throw new InvalidDocumentsError([{ file, ...place, message: 'is not valid JSON; is it complete?' }]);
  }
}
