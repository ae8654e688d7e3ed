import { createHash, randomBytes } from 'node:crypto';
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { proxyRoutes } from '../../../src/sidecar/proxy/routes.ts';
import {
  bodyOf,
  type ProxyWorld,
  type Service,
  startProxyWorld,
  startService,
  until,
} from './proxy-world.ts';

const LIMIT = 256 * 1024 * 1024;

let service: Service;
let world: ProxyWorld;

async function start(
  limits: Partial<ProxyWorld['context']['settings']['spec']['limits']>,
): Promise<ProxyWorld> {
  return await startProxyWorld({
    routes: [proxyRoutes],
    origins: { 'https://api.notion.com': service.url },
    limits,
  });
}

beforeAll(async () => {
  service = await startService();
  world = await start({ proxyBodyBytes: LIMIT });
});
afterAll(async () => {
  await world.close();
  await service.close();
});
beforeEach(() => {
  service.answer = undefined;
  service.received.length = 0;
});

const path = '/proxy/notion/v1/x';

/** A request whose body the test writes itself. */
function begin(
  base: string,
  method: string,
  headers: Record<string, string> = {},
): { sent: ClientRequest; answer: Promise<IncomingMessage> } {
  const sent = httpRequest(`${base}${path}`, { method, headers });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
  });
  answer.catch(() => undefined);
  return { sent, answer };
}

describe('bodies', () => {
  it('arrive unchanged whatever their size, both ways', async () => {
    for (const size of [1, 65_536, 1_048_576, 1_048_577, 9_000_000]) {
      const bytes = randomBytes(size);
      let atService = '';
      service.answer = (request, response) => {
        const hash = createHash('sha256');
        response.writeHead(200);
        request.on('data', (chunk: Buffer) => {
          hash.update(chunk);
          response.write(chunk);
        });
        request.on('end', () => {
          atService = hash.digest('hex');
          response.end();
        });
      };
      const answer = await fetch(world.url + path, { method: 'POST', body: bytes });
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes), String(size)).toBe(true);
      expect(atService).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });

  it('come back piece by piece, each as soon as it is there', async () => {
    let to: ServerResponse | undefined;
    service.answer = (_request, response) => {
      to = response.writeHead(200, { 'content-type': 'text/event-stream' });
      to.flushHeaders();
    };
    const answer = await fetch(world.url + path);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = answer.body?.getReader();
    for (const event of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      to?.write(event);
      // The next event is sent only when this one is here: anything that holds pieces back would wait forever.
      expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(event);
    }
    await reader?.cancel();
  });

  it('go to the service piece by piece where their length is not known', async () => {
    const pieces: string[] = [];
    service.answer = (request, response) => {
      request.on('data', (chunk: Buffer) => pieces.push(chunk.toString()));
      request.on('end', () => response.end('done'));
    };
    const { sent, answer } = begin(world.url, 'POST');
    for (const piece of ['one', 'two', 'three']) {
      sent.write(piece);
      await until(() => pieces.at(-1) === piece);
    }
    sent.end();
    expect((await answer).statusCode).toBe(200);
    expect(pieces).toEqual(['one', 'two', 'three']);
  });

  it('are not gathered in memory when the caller reads slowly', async () => {
    let written = 0;
    let to: ServerResponse | undefined;
    service.answer = (_request, response) => {
      to = response;
      response.writeHead(200);
      const piece = Buffer.alloc(65_536);
      const more = (): void => {
        while (written < 200_000_000) {
          written += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    const { sent, answer } = begin(world.url, 'GET');
    sent.end();
    const response = await answer;
    response.pause();
    // Until all buffers on the way are full, the service's last write then waits for its drain.
    let before = -1;
    while (before !== written || to?.writableNeedDrain !== true) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(written).toBeLessThan(50_000_000);
    response.destroy();
    await until(() => to?.destroyed === true);
  });

  it('are not gathered in memory when the service reads slowly', async () => {
    let from: IncomingMessage | undefined;
    service.server.removeAllListeners('request');
    service.server.once('request', (request: IncomingMessage) => {
      from = request.pause();
    });
    const other = await start({ proxyBodyBytes: LIMIT });
    try {
      const { sent } = begin(other.url, 'POST');
      sent.once('error', () => undefined);
      let written = 0;
      const piece = Buffer.alloc(65_536);
      while (sent.write(piece) || (await drained(sent))) {
        written += piece.length;
        if (written > 100_000_000) break;
      }
      expect(from).toBeDefined();
      expect(written).toBeLessThan(50_000_000);
      sent.destroy();
    } finally {
      await other.close();
      await service.close();
      service = await startService();
      await world.close();
      world = await start({ proxyBodyBytes: LIMIT });
    }
  });
});

/** True when there is room again within a moment. */
function drained(sent: ClientRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(false), 300);
    sent.once('drain', () => {
      clearTimeout(late);
      resolve(true);
    });
  });
}

describe('a caller who goes away', () => {
  it('ends the call to the service while it waits for the head', async () => {
    let atService: IncomingMessage | undefined;
    service.answer = (request) => {
      atService = request;
    };
    const controller = new AbortController();
    const answer = fetch(world.url + path, { signal: controller.signal });
    await until(() => atService !== undefined);
    controller.abort();
    await expect(answer).rejects.toThrow();
    await until(() => atService?.socket.destroyed === true);
  });

  it('ends the call to the service in the middle of the body', async () => {
    let to: ServerResponse | undefined;
    service.answer = (_request, response) => {
      to = response.writeHead(200);
      to.write('first');
    };
    const answer = await fetch(world.url + path);
    await answer.body?.cancel();
    await until(() => to?.destroyed === true);
  });

  it('ends the call to the service in the middle of an upload', async () => {
    let atService: IncomingMessage | undefined;
    service.answer = (request) => {
      atService = request;
    };
    const { sent } = begin(world.url, 'POST');
    sent.once('error', () => undefined);
    sent.write('first');
    await until(() => atService !== undefined);
    sent.destroy();
    await until(() => atService?.socket.destroyed === true);
  });
});

describe('an answer that breaks off', () => {
  it('breaks off for the caller too, and does not look whole', async () => {
    service.answer = (_request, response) => {
      response.writeHead(200).write('part');
      setImmediate(() => response.destroy());
    };
    const answer = await fetch(world.url + path);
    await expect(answer.text()).rejects.toThrow();
  });
});

describe('limits', () => {
  let small: ProxyWorld;
  beforeEach(async () => {
    small = await start({ proxyBodyBytes: 2048, proxySeconds: 0.15 });
  });
  afterEach(() => small.close());

  async function codeOf(answer: Response): Promise<[number, string]> {
    return [answer.status, ((await answer.json()) as { code: string }).code];
  }

  it('refuse a body that says that it is too large before the service sees it', async () => {
    const answer = await fetch(small.url + path, { method: 'POST', body: Buffer.alloc(2049) });
    expect(await codeOf(answer)).toEqual([413, 'PayloadTooLarge']);
    expect(service.received).toEqual([]);
    service.answer = (_request, response) => void response.end();
    expect((await fetch(small.url + path, { method: 'POST', body: Buffer.alloc(2048) })).status).toBe(200);
  });

  it('cut a body that turns out to be too large, and the service sees no whole request', async () => {
    let ended = false;
    let broken = false;
    service.answer = (request) => {
      request.on('end', () => {
        ended = true;
      });
      request.on('error', () => {
        broken = true;
      });
    };
    const { sent, answer } = begin(small.url, 'POST');
    sent.on('error', () => undefined);
    sent.write(Buffer.alloc(2000));
    await until(() => service.received.length === 1);
    sent.write(Buffer.alloc(100));
    expect((await answer).statusCode).toBe(413);
    await until(() => broken);
    expect(ended).toBe(false);
  });

  it('refuse an answer that says that it is too large, and cut one that turns out to be', async () => {
    service.answer = (_request, response) =>
      void response.writeHead(200, { 'content-length': '2049' }).end('x'.repeat(2049));
    expect(await codeOf(await fetch(small.url + path))).toEqual([413, 'PayloadTooLarge']);
    service.answer = (_request, response) =>
      void Readable.from([Buffer.alloc(2048), Buffer.alloc(1)]).pipe(response);
    const answer = await fetch(small.url + path);
    await expect(answer.arrayBuffer()).rejects.toThrow();
    service.answer = (_request, response) =>
      void Readable.from([Buffer.alloc(2000), Buffer.alloc(48)]).pipe(response);
    expect((await (await fetch(small.url + path)).arrayBuffer()).byteLength).toBe(2048);
  });

  it('end the wait for a head, and for the next piece', async () => {
    service.answer = () => undefined;
    expect(await codeOf(await fetch(small.url + path))).toEqual([504, 'UpstreamTimeout']);
    service.answer = (_request, response) => void response.writeHead(200).write('part');
    const answer = await fetch(small.url + path);
    await expect(answer.text()).rejects.toThrow();
  });

  it('do not end a stream that is long but moves', async () => {
    service.answer = async (request, response) => {
      await bodyOf(request);
      response.writeHead(200);
      for (let piece = 0; piece < 8; piece++) {
        response.write('.');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      response.end();
    };
    expect(await (await fetch(small.url + path)).text()).toBe('........');
  });

  it('end an upload whose caller sends nothing more', async () => {
    const { sent, answer } = begin(small.url, 'POST', { 'content-length': '100' });
    sent.on('error', () => undefined);
    sent.write('only this');
    expect((await answer).statusCode).toBe(504);
    expect(service.received).toEqual([]);
  });
});
