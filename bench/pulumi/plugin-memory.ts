/** Memory of a plugin, looked at from outside while the engine runs it. */
import { readdir, readFile } from 'node:fs/promises';

/** Looking at every process of the machine takes time from what is measured. */
const EVERY_MS = 1000;

/** Runs work and watches the processes whose command line has this name and whose environment has this text. */
export async function withPeakRss<T>(
  plugin: { readonly name: string; readonly environment: string },
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly peakRssMb: number }> {
  let peak = 0;
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    for (const pid of await pidsOf(plugin)) peak = Math.max(peak, await peakRss(pid));
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, EVERY_MS);
  try {
    return { value: await work(), peakRssMb: peak };
  } finally {
    clearInterval(timer);
    await looking;
  }
}

async function pidsOf({ name, environment }: { name: string; environment: string }): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const isPlugin = async (pid: string): Promise<boolean> => {
    const command = await proc(pid, 'cmdline');
    return command.includes(name) && (await proc(pid, 'environ')).includes(environment);
  };
  const found = await Promise.all(pids.map(async (pid) => ((await isPlugin(pid)) ? [pid] : [])));
  return found.flat();
}

/** High-water mark in MB (10^6 bytes); 0 when the process is gone. */
async function peakRss(pid: string): Promise<number> {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(await proc(pid, 'status'))?.[1];
  return (Number(kilobytes ?? 0) * 1024) / 1e6;
}

function proc(pid: string, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
