/** Entry point of the `tenantry` program. */
import { processIo } from './io.ts';
import { limitHeapGrowth } from './memory.ts';
import { run } from './program.ts';

limitHeapGrowth();
const io = processIo();
process.exitCode = io.finish(await run(process.argv.slice(2), io));
io.dispose();
