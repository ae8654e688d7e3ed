/** Preloaded into the measured process: tells at its end what it has used, on file descriptor 3. */
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, writeSync } from 'node:fs';

const REPORT_FD = 3;

let firstCall: number | undefined;
let lastAnswer = 0;
subscribe('http.client.request.start', () => {
  firstCall ??= performance.now();
});
subscribe('http.client.response.finish', () => {
  lastAnswer = performance.now();
});

process.on('exit', () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  writeSync(
    REPORT_FD,
    JSON.stringify({
      peakRssBytes: peakRssBytes(),
      cpuMs: (userCPUTime + systemCPUTime) / 1000,
      callingMs: lastAnswer - (firstCall ?? lastAnswer),
    }),
  );
});

/**
 * On Linux the high-water mark of this program's own memory: getrusage there also counts what the process had before
 * it became this program, a copy of its parent.
 */
function peakRssBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  } catch {
    // Another system than Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
