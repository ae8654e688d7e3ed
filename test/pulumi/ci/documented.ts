/** The files and commands that the pages in docs/pulumi tell people to save and to run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '..', '..', '..', 'docs', 'pulumi');

/** What stands between fences, each with the first line of its fence. */
async function blocks(page: string): Promise<readonly string[]> {
  return (await readFile(join(DOCS, page), 'utf8')).split('```').filter((_text, index) => index % 2 === 1);
}

/** The fenced block with this `file=` in its first line. */
export async function documentedFile(name: string, page = 'ci.md'): Promise<string> {
  const block = (await blocks(page)).find((text) => text.split('\n', 1)[0]?.endsWith(` file=${name}`));
  if (block === undefined) throw new Error(`docs/pulumi/${page} has no block file=${name}`);
  return block.slice(block.indexOf('\n') + 1);
}

/** The words of the command that begins with these. */
export async function documentedCommand(begin: string, page: string): Promise<readonly string[]> {
  const lines = (await blocks(page)).flatMap((text) => text.replaceAll(/\\\n\s*/g, '').split('\n'));
  const line = lines.find((text) => text.startsWith(`${begin} `));
  if (line === undefined) throw new Error(`docs/pulumi/${page} has no command ${begin}`);
  return line.split(/\s+#/, 1)[0]?.trim().split(/\s+/) ?? [];
}
