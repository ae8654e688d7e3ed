/** Where the built web application lies; src/ and dist/ are equally deep in the package. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = fileURLToPath(new URL('../../../dist/ui', import.meta.url));

/** Undefined in a clone where it was not built. */
export function uiFolder(): string | undefined {
  return existsSync(join(BUILT, 'index.html')) ? BUILT : undefined;
}
