/** A request as verification sees it, for tests without a server. */
import type { Incoming } from '../../../src/sidecar/callers/incoming.ts';

export function incomingWith(parts: Partial<Omit<Incoming, 'headers'>> = {}): Incoming {
  const rawHeaders = parts.rawHeaders ?? [];
  const headers: Record<string, string> = {};
  rawHeaders.forEach((text, index) => {
    if (index % 2 === 0) headers[text.toLowerCase()] ??= rawHeaders[index + 1] ?? '';
  });
  return {
    method: 'GET',
    peer: '127.0.0.1',
    address: '127.0.0.1',
    isUpgrade: false,
    ...parts,
    rawHeaders,
    headers,
  };
}
