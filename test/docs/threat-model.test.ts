import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

interface Proof {
  readonly file: string;
  readonly title: string;
}

async function page(): Promise<string> {
  return await readFile(join(root, 'docs', 'threat-model.md'), 'utf8');
}

function proofsIn(text: string): Proof[] {
  return [...text.matchAll(/`(test\/[^`]+\.ts)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({
    file,
    title,
  }));
}

/** As a title stands in a test file: between quotes of whichever kind. */
function hasTitle(source: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

describe('the threat model', () => {
  it('names tests that there are', async () => {
    const proofs = proofsIn(await page());
    expect(proofs.length).toBeGreaterThan(80);
    const missing: Proof[] = [];
    for (const proof of proofs) {
      const source = await readFile(join(root, proof.file), 'utf8').catch(() => '');
      if (!hasTitle(source, proof.title)) missing.push(proof);
    }
    expect(missing).toEqual([]);
  });

  it('has a proof in every line of its tables of threats', async () => {
    const threats = (await page()).split('\n## Threats\n')[1]?.split('\n## ')[0] ?? '';
    const rows = threats.split('\n').filter((line) => line.startsWith('| '));
    const heads = rows.filter((line) => line.endsWith('| proof |'));
    expect(heads.length).toBeGreaterThan(5);
    const unproved = rows.filter((line) => !heads.includes(line) && proofsIn(line).length === 0);
    expect(unproved).toEqual([]);
    expect(rows.length - heads.length).toBeGreaterThan(35);
  });

  it('names every attack of one namespace on another', async () => {
    const text = await page();
    const file = 'test/operator/attacks.engine.test.ts';
    const source = await readFile(join(root, file), 'utf8');
    const titles = [...source.matchAll(/^ *(?:it\(|\]\)\()'([^']+)'/gm)].map(([, title = '']) => title);
    expect(titles.length).toBeGreaterThan(15);
    expect(titles.filter((title) => !text.includes(`"${title}"`))).toEqual([]);
  });
});
