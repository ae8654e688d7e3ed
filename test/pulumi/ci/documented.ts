/** The files that docs/pulumi/ci.md tells people to save. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'pulumi', 'ci.md');

/** The fenced block with this `file=` in its first line. */
export async function documentedFile(name: string): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const block = page.split('```').find((text) => text.split('\n', 1)[0]?.endsWith(` file=${name}`));
  if (block === undefined) throw new Error(`docs/pulumi/ci.md has no block file=${name}`);
  return block.slice(block.indexOf('\n') + 1);
}
