/** Has the real engines at hand for the tests and prints where each is. Arguments: names; default all. */
import Table from 'cli-table3';
import { engineNames } from '../test/engines/engines.ts';
import { locate, type Needed } from './engine-tests.ts';

const all: readonly Needed[] = [...engineNames, 'chromium'];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !all.some((known) => known === name));
const table = new Table({ head: ['engine', 'version', 'from', 'path'], style: { head: [], border: [] } });
if (unknown.length > 0) {
  console.error(`no such engine: ${unknown.join(', ')}; there are ${all.join(', ')}`);
  process.exitCode = 1;
} else {
  for (const name of asked.length === 0 ? all : (asked as Needed[])) {
    try {
      const { version, from, path } = await locate(name);
      table.push([name, version, from, path]);
    } catch (error) {
      console.error((error as Error).message);
      table.push([name, '-', 'missing', '']);
      process.exitCode = 1;
    }
  }
  console.log(table.toString());
}
