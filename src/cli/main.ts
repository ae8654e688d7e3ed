/** Entry point of the `tenantry` program. */
import './memory.ts';
import { processIo } from './io.ts';
import { run } from './program.ts';

const io = processIo();
process.exitCode = io.finish(await run(process.argv.slice(2), io));
io.dispose();
