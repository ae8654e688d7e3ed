/** Has the real engines at hand for the tests and prints where each is. Arguments: names; default all. */
import Table from 'cli-table3';
import { type EngineName, engineNames } from '../test/engines/engines.ts';
import { locateEngine } from '../test/engines/resolve.ts';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !engineNames.some((known) => known === name));
const table = new Table({ head: ['engine', 'version', 'from', 'path'], style: { head: [], border: [] } });
if (unknown.length > 0) {
  console.error(`no such engine: ${unknown.join(', ')}; there are ${engineNames.join(', ')}`);
  process.exitCode = 1;
} else {
  for (const name of asked.length === 0 ? engineNames : (asked as EngineName[])) {
    try {
      const { version, from, path } = await locateEngine(name);
      table.push([name, version, from, path]);
    } catch (error) {
      console.error((error as Error).message);
      table.push([name, '-', 'missing', '']);
      process.exitCode = 1;
    }
  }
  console.log(table.toString());
}
