/** Fake GitHub REST API (https://docs.github.com/rest): any repository exists. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type GithubRepository,
  type GithubRow,
  githubRepository,
  githubRepositoryNames,
  githubUser,
} from './github-data.ts';
import { sizeField, textField, type VendorApi } from './vendor-api.ts';

const LIMIT = 5000;
const HOUR_SECONDS = 3600;

export const githubApi: VendorApi = {
  integration: 'github',
  refuse: (reply, missing) =>
    reply.code(401).send({
      message: missing ? 'Requires authentication' : 'Bad credentials',
      documentation_url: 'https://docs.github.com/rest',
      status: '401',
    }),
  headers: rateLimit,
  routes(api) {
    api.get('/user', async ({ tenant }) => githubUser(tenant));
    api.get('/rate_limit', async () => ({
      resources: { core: { limit: LIMIT, remaining: LIMIT, used: 0 } },
    }));
    api.get('/user/repos', async (request, reply) => pages(request, reply, owned(request, request.tenant)));
    for (const kind of ['orgs', 'users']) {
      api.get(`/${kind}/:owner/repos`, async (request, reply) => {
        const { owner } = request.params as { owner: string };
        return pages(request, reply, owned(request, owner));
      });
    }
    api.get('/installation/repositories', async (request, reply) => {
      const all = owned(request, request.tenant);
      return { total_count: all.length, repositories: pages(request, reply, all) };
    });
    api.get('/repos/:owner/:repo', async (request) => repository(request).repository);
    api.get('/repos/:owner/:repo/issues', async (request, reply) =>
      pages(request, reply, wanted(request, repository(request).issues)),
    );
    api.get('/repos/:owner/:repo/pulls', async (request, reply) =>
      pages(request, reply, wanted(request, repository(request).pulls)),
    );
    api.get('/repos/:owner/:repo/commits', async (request, reply) =>
      pages(request, reply, since(request, repository(request).commits)),
    );
    api.get('/repos/:owner/:repo/issues/comments', async (request, reply) =>
      pages(request, reply, since(request, repository(request).comments)),
    );
    api.setNotFoundHandler((_request, reply) =>
      reply.code(404).send({ message: 'Not Found', status: '404' }),
    );
  },
};

const used = new Map<string, number>();

/** https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api; counted, never enforced. */
function rateLimit({ tenant }: FastifyRequest): Record<string, string> {
  const reset = Math.ceil(Date.now() / 1000 / HOUR_SECONDS) * HOUR_SECONDS;
  const key = `${tenant} ${reset}`;
  const count = Math.min((used.get(key) ?? 0) + 1, LIMIT);
  used.set(key, count);
  return {
    'x-ratelimit-limit': String(LIMIT),
    'x-ratelimit-remaining': String(LIMIT - count),
    'x-ratelimit-used': String(count),
    'x-ratelimit-reset': String(reset),
    'x-ratelimit-resource': 'core',
    'x-github-media-type': 'github.v3; format=json',
  };
}

function repository(request: FastifyRequest): GithubRepository {
  const { owner, repo } = request.params as { owner: string; repo: string };
  return githubRepository(request.tenant, owner, repo);
}

function owned({ tenant }: FastifyRequest, owner: string): GithubRow[] {
  return githubRepositoryNames(tenant, owner).map((name) => githubRepository(tenant, owner, name).repository);
}

/** Only open ones unless `state` says otherwise. */
function wanted(request: FastifyRequest, all: readonly GithubRow[]): GithubRow[] {
  const { state = 'open', sort, direction } = request.query as Record<string, string | undefined>;
  const chosen = since(request, all).filter((row) => state === 'all' || row.state === state);
  const sorted =
    sort === 'updated' ? chosen.toSorted((a, b) => b.updated_at.localeCompare(a.updated_at)) : chosen;
  return direction === 'asc' ? sorted.toReversed() : sorted;
}

function since({ query }: FastifyRequest, all: readonly GithubRow[]): GithubRow[] {
  const from = Date.parse(textField((query as Record<string, unknown>).since) ?? '1970-01-01T00:00:00Z');
  return all.filter((row) => Date.parse(row.updated_at) >= from);
}

/** One page and its Link header (RFC 8288): https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api */
function pages(request: FastifyRequest, reply: FastifyReply, all: readonly GithubRow[]): GithubRow[] {
  const query = request.query as Record<string, string>;
  const size = sizeField(query.per_page, 30, 100);
  const page = sizeField(query.page, 1, 1_000_000);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, relation: string): string => {
    const url = new URL(request.originalUrl, `http://${request.host}`);
    url.searchParams.set('page', String(to));
    return `<${url.href}>; rel="${relation}"`;
  };
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  if (links.length > 0) reply.header('link', links.join(', '));
  return all.slice((page - 1) * size, page * size);
}
