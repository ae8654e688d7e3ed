/** A tenant's endpoint: a small server that checks every message as the Standard Webhooks specification says. */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Message {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly isGenuine: boolean;
}

export interface TestReceiver {
  readonly url: string;
  readonly messages: Message[];
  /** Shown when the endpoint was made. */
  secret: string;
  /** How the next ones are answered. Default: 204. */
  answer: (response: ServerResponse, message: Message) => void;
  /** Connections that are open or were. */
  readonly requests: () => number;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<TestReceiver> {
  const messages: Message[] = [];
  let requests = 0;
  const receiver: Pick<TestReceiver, 'secret' | 'answer'> = {
    secret: '',
    answer: (response) => void response.writeHead(204).end(),
  };
  const server = createServer((request, response) => {
    requests += 1;
    void read(request).then((body) => {
      const message = messageOf(request, body, receiver.secret);
      messages.push(message);
      receiver.answer(response, message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}/hook`,
    messages,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function messageOf({ headers }: IncomingMessage, body: string, secret: string): Message {
  const id = String(headers['webhook-id']);
  const timestamp = String(headers['webhook-timestamp']);
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const right = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    id,
    timestamp: Number(timestamp),
    headers,
    body,
    isGenuine: headers['webhook-signature'] === `v1,${right}`,
  };
}
