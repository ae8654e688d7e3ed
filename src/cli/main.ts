/** Entry point of the `tenantry` program. */
import { processIo } from './io.ts';
import { limitHeapGrowth, limitYoungSpace } from './memory.ts';

const args = process.argv.slice(2);
limitHeapGrowth();
// Loading the program makes young space grow, and it does not shrink again: where memory counts this comes before.
if (args.includes('operator')) limitYoungSpace();
const { run } = await import('./program.ts');
const io = processIo();
process.exitCode = io.finish(await run(args, io));
io.dispose();
