/** Sends a request byte for byte, as no well-behaved client would, and gives the head and body of the answer. */
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** @param lines the request line and the headers; Connection: close is added where there is none */
export async function rawRequest(port: number, lines: readonly string[], body = ''): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  const ends = lines.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close'];
  socket.write(`${[...lines, ...ends, ''].join('\r\n')}\r\n${body}`);
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch (error) {
    // A server that refuses in the middle of a request may reset the connection after its answer.
    if (chunks.length === 0) throw error;
  }
  const text = Buffer.concat(chunks).toString();
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}
