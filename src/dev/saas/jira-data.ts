/** A tenant's sandbox site in Jira: people, projects, boards, issues and comments. */
import { digest } from '../idp/tenant-facts.ts';
import {
  remember,
  rows,
  seededNumber,
  seededPick,
  seededTime,
  seededTimeAfter,
  seededTitle,
} from './seed.ts';

export interface JiraIssue {
  readonly id: string;
  readonly key: string;
  readonly project: string;
  readonly updated: Date;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface JiraProject {
  readonly id: string;
  readonly key: string;
  readonly [field: string]: unknown;
}

export interface JiraContent {
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly projects: readonly JiraProject[];
  readonly boards: readonly Readonly<Record<string, unknown>>[];
  /** By project, then by number. */
  readonly issues: readonly JiraIssue[];
}

const PROJECTS = ['SHOP', 'OPS', 'WEB', 'DATA', 'HELP'] as const;

const site = (tenant: string): string => `https://${tenant}.atlassian.net`;

export const jiraContent = remember((tenant): JiraContent => {
  const users = rows(seededNumber(4, 40, 'jira users', tenant), (index) => jiraUser(tenant, index));
  const keys = PROJECTS.slice(0, seededNumber(2, PROJECTS.length, 'jira projects', tenant));
  const projects = keys.map((key, index) => jiraProject(tenant, key, index));
  const issues = projects.flatMap((project) =>
    rows(seededNumber(20, 90, 'jira issues', tenant, project.key), (index) =>
      jiraIssue({ tenant, project, number: index + 1 }),
    ),
  );
  const boards = projects.map((project, index) => ({
    id: index + 1,
    self: `${site(tenant)}/rest/agile/1.0/board/${index + 1}`,
    name: `${project.key} board`,
    type: 'kanban',
    location: { projectId: Number(project.id), projectKey: project.key },
  }));
  return { users, projects, boards, issues };
});

export function jiraUser(tenant: string, index: number): Record<string, unknown> {
  const accountId = `5${digest('jira user', tenant, String(index)).slice(0, 23)}`;
  return {
    self: `${site(tenant)}/rest/api/3/user?accountId=${accountId}`,
    accountId,
    accountType: 'atlassian',
    emailAddress: `member${index + 1}@${tenant}.example`,
    displayName: `${tenant} member ${index + 1}`,
    active: true,
    timeZone: 'Etc/UTC',
    locale: 'en_GB',
  };
}

/** Comments of an issue, oldest first. */
export function jiraComments(tenant: string, issue: JiraIssue): Record<string, unknown>[] {
  return rows(seededNumber(0, 3, 'jira comments', tenant, issue.key), (index) => {
    const words = ['jira comment', tenant, issue.key, String(index)];
    const id = String(seededNumber(10_000, 99_999_999, ...words));
    const created = jiraTime(seededTime(...words));
    return {
      self: `${site(tenant)}/rest/api/3/issue/${issue.id}/comment/${id}`,
      id,
      author: jiraUser(tenant, 0),
      body: richText(seededTitle(...words)),
      created,
      updated: created,
    };
  });
}

function jiraProject(tenant: string, key: string, index: number): JiraProject {
  const id = String(10_000 + index);
  return {
    expand: 'description,lead,issueTypes,url,projectKeys,permissions,insight',
    self: `${site(tenant)}/rest/api/3/project/${id}`,
    id,
    key,
    name: `${tenant} ${key.toLowerCase()}`,
    projectTypeKey: 'software',
    ...{ simplified: false, style: 'classic', isPrivate: false },
    lead: jiraUser(tenant, 0),
  };
}

function jiraIssue(from: { tenant: string; project: JiraProject; number: number }): JiraIssue {
  const { tenant, project, number } = from;
  const key = `${project.key}-${number}`;
  const words = ['jira issue', tenant, key];
  const created = seededTime(...words);
  const updated = seededTimeAfter(created, ...words);
  const status = seededPick(['To Do', 'In Progress', 'Done'], 'status', ...words);
  return {
    id: String(Number(project.id) * 1000 + number),
    key,
    project: project.key,
    updated,
    fields: {
      summary: `${seededTitle(...words)} (${tenant})`,
      description: richText(`Reported by ${tenant}.`),
      issuetype: { id: '10001', name: seededPick(['Task', 'Bug', 'Story'], ...words), subtask: false },
      project: { id: project.id, key: project.key, name: project.name },
      status: { id: '1', name: status, statusCategory: { key: status === 'Done' ? 'done' : 'new' } },
      priority: { id: '3', name: 'Medium' },
      labels: [],
      assignee: null,
      reporter: jiraUser(tenant, 0),
      creator: jiraUser(tenant, 0),
      created: jiraTime(created),
      updated: jiraTime(updated),
    },
  };
}

/** Jira writes the zone without a colon. */
function jiraTime(date: Date): string {
  return date.toISOString().replace('Z', '+0000');
}

/** Atlassian Document Format. */
function richText(text: string): Record<string, unknown> {
  return { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] };
}
