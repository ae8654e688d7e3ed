/** Reads the documents that the sidecar serves from files, and reads them again when they change. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asTenantryError, InvalidDocumentsError, TenantryError } from '../../errors.ts';
import { draftOf } from '../../spec/load.ts';
import { checkDraft } from '../../spec/stack.ts';
import { readStackFiles, type StackFile } from '../../spec/stack-files.ts';
import { type ReferredCredential, readTenantConfig } from '../../spec/tenant-config.ts';
import { watchStack } from '../../spec/watch.ts';
import type { OpenStack } from './stack.ts';
import { type StackView, stackView } from './view.ts';

export interface StackSource {
  /** Folder of the stack; undefined: only the tenant config file and the environment. */
  readonly dir: string | undefined;
  /** ENABLE_TENANT_CONFIG_FILE and TENANT_CONFIG_PATH are looked at. */
  readonly env: NodeJS.ProcessEnv;
}

/** @throws InvalidDocumentsError, StackNotFound, MissingSetting */
export async function openStack(source: StackSource): Promise<OpenStack> {
  let read = await readAll(source);
  return {
    current: () => read.view,
    platform: () => read.view.platform,
    missing: () => undefined,
    complete: () => Promise.resolve(),
    referred: read.referred,
    async reload() {
      read = await readAll(source);
    },
    follow(log, signal, onChange) {
      const { dir } = source;
      const again = async (): Promise<void> => {
        try {
          read = await readAll(source);
          log.info({ tenants: read.view.documents.tenants.length }, 'documents read again');
          onChange?.(read.view);
        } catch (error) {
          const problems = error instanceof InvalidDocumentsError ? error.problems.slice(0, 20) : undefined;
          log.error({ err: asTenantryError(error), problems }, 'the changed documents are not used');
        }
      };
      const changed = (): void => void again();
      if (dir !== undefined) watchStack(dir, signal, changed);
      process.on('SIGHUP', changed);
      signal.addEventListener('abort', () => process.off('SIGHUP', changed), { once: true });
    },
    close: () => Promise.resolve(),
  };
}

interface Read {
  readonly view: StackView;
  readonly referred: readonly ReferredCredential[];
}

/** The Platform of a start without a stack: everything comes from the environment. */
const NO_PLATFORM =
  'apiVersion: tenantry.dev/v1alpha1\nkind: Platform\nmetadata: {name: default}\nspec: {}\n';

async function readAll({ dir, env }: StackSource): Promise<Read> {
  const files: StackFile[] = dir === undefined ? [] : await readStackFiles(dir);
  const config = await readConfigFile(env);
  if (config) files.push({ file: config.file, text: config.yaml });
  if (dir === undefined) {
    if (!config) {
      throw new TenantryError('StackNotFound', 'there is neither a stack nor a tenant config file', {
        hint: 'pass --stack, or set ENABLE_TENANT_CONFIG_FILE=true and TENANT_CONFIG_PATH',
      });
    }
    files.unshift({ file: 'environment', text: NO_PLATFORM });
  }
  const draft = draftOf(files, dir ?? 'environment');
  const { documents, catalog } = await checkDraft(draft, {
    ...(dir !== undefined && { privateEntries: join(dir, 'integrations') }),
    makesSources: false,
    // Such a file has no place for the settings of sources, and the sidecar makes none.
    overlook: ({ file, path }) => file === config?.file && path?.startsWith('spec.config') === true,
  });
  return { view: stackView(documents, catalog), referred: config?.credentials ?? [] };
}

async function readConfigFile(
  env: NodeJS.ProcessEnv,
): Promise<({ readonly file: string } & ReturnType<typeof readTenantConfig>) | undefined> {
  if (env['ENABLE_TENANT_CONFIG_FILE'] !== 'true') return undefined;
  const file = env['TENANT_CONFIG_PATH'];
  if (!file) {
    throw new TenantryError(
      'MissingSetting',
      'ENABLE_TENANT_CONFIG_FILE is true, but TENANT_CONFIG_PATH is not set',
    );
  }
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TenantryError('MissingSetting', `TENANT_CONFIG_PATH: ${file} cannot be read: ${error.code}`);
  });
  return { file, ...readTenantConfig(file, text) };
}
