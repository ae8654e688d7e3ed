/** Finds values in clear under names of secrets: Airbyte repeats what it refuses, and a message must not. */
import type { Redactor } from '../../redact.ts';

const SECRET_NAME = /secret|token|passw|api_?key|credential/i;

/** A program may give a value of `config.requireSecret` in the place of a reference. */
export function learnSecrets(configuration: unknown, redactor: Redactor, isSecret = false): void {
  if (typeof configuration === 'string') {
    if (isSecret && !configuration.includes('${')) redactor.add(configuration);
    return;
  }
  if (typeof configuration !== 'object' || configuration === null) return;
  for (const [key, value] of Object.entries(configuration)) {
    learnSecrets(value, redactor, isSecret || SECRET_NAME.test(key));
  }
}
