import { createServer, Agent as HttpAgent, type RequestListener, type Server } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Axios } from 'axios';
import { afterEach, describe, expect, it } from 'vitest';
import { type TextAnswer, TimeLimit, textAdapter } from '../../src/clients/http-adapter.ts';

const agents = { httpAgent: new HttpAgent({ keepAlive: true }), httpsAgent: new HttpsAgent() };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const client = new Axios({ adapter: textAdapter({ ...agents, mostAnswerBytes: 1000 }) });

describe('the adapter', () => {
  it('sends method, path below the base, headers and body, and gives status, headers and text', async () => {
    const origin = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url, headers } = request;
        const body = Buffer.concat(chunks).toString('utf8');
        response.writeHead(418, { 'X-Answer': 'yes' });
        response.end(JSON.stringify({ method, url, token: headers['x-token'], body }));
      });
    });
    const answer = await client.request<TextAnswer>({
      method: 'PATCH',
      baseURL: `${origin}/api/`,
      url: '/sources/1?limit=2',
      headers: { 'X-Token': 't' },
      data: '{"name":"é"}',
    });
    expect(answer.status).toBe(418);
    expect(answer.data.headers['x-answer']).toBe('yes');
    expect(JSON.parse(answer.data.text)).toEqual({
      method: 'PATCH',
      url: '/api/sources/1?limit=2',
      token: 't',
      body: '{"name":"é"}',
    });
  });

  it('fails when the answer is longer than allowed', async () => {
    const baseURL = await serve((_request, response) => response.end('x'.repeat(5000)));
    await expect(client.request({ method: 'GET', baseURL, url: '/' })).rejects.toThrow('longer than 1000');
  });

  it('fails when the answer is cut off', async () => {
    const baseURL = await serve((_request, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => response.destroy());
    });
    await expect(client.request({ method: 'GET', baseURL, url: '/' })).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
  });

  it('stops at its time limit, also in the middle of an answer', async () => {
    const baseURL = await serve((request, response) => {
      if (request.url === '/half') response.write('half');
    });
    for (const url of ['/silent', '/half']) {
      const call = client.request({ method: 'GET', baseURL, url, timeout: 20 });
      await expect(call).rejects.toBeInstanceOf(TimeLimit);
    }
  });

  it('stops when its caller does', async () => {
    const stop = new AbortController();
    const baseURL = await serve(() => stop.abort());
    await expect(client.request({ method: 'GET', baseURL, url: '/', signal: stop.signal })).rejects.toThrow();
  });
});
