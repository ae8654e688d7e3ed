/** Secrets that come as files: NAME_FILE stands for NAME, as container platforms mount them. */
import { readFileSync } from 'node:fs';
import { TenantryError } from '../errors.ts';

/** What a variable with a secret is called; other variables that end in _FILE are nobody's secrets. */
const SECRET_NAME =
  /^[A-Z][A-Z0-9_]*(TOKEN|PASSWORD|SECRET|SECRET_ID|API_KEY|PRIVATE_KEY)_FILE$|^PGPASSWORD_FILE$/;

/**
 * The environment with the contents of those files; a line end at the end of a file is no part of the secret.
 * @throws MissingSetting when both NAME and NAME_FILE are set, or the file cannot be read
 */
export function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const found: Record<string, string> = {};
  for (const [variable, file] of Object.entries(env)) {
    if (!file || !SECRET_NAME.test(variable)) continue;
    const name = variable.slice(0, -'_FILE'.length);
    // The file of cloud roles, which other programs on the machine are given under this name.
    if (name === 'AWS_WEB_IDENTITY_TOKEN') continue;
    if (env[name]) {
      throw new TenantryError('MissingSetting', `${name} and ${variable} are both set`, {
        hint: `unset one of them`,
      });
    }
    found[name] = read(variable, file);
  }
  return { ...env, ...found };
}

function read(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new TenantryError(
      'MissingSetting',
      `${variable}: the file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}
