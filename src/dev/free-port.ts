/** Finds a TCP port of loopback that nobody listens on. */
import { createServer } from 'node:net';

/**
 * A port that was free a moment ago. Another process may take it before you listen: where you can, listen on port 0
 * instead, and otherwise be ready to ask again.
 */
export function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}
