/** What the emulator remembers: applications, workspaces, sources, destinations, connections, tags and jobs. */
import type { JsonObject } from './connectors/definition.ts';

export interface Application {
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly createdAt: number;
}

export interface Workspace {
  readonly workspaceId: string;
  name: string;
  notifications: JsonObject;
  deleted: boolean;
}

/** A source or a destination. */
export interface Actor {
  readonly id: string;
  readonly kind: 'source' | 'destination';
  readonly type: string;
  readonly definitionId: string;
  readonly workspaceId: string;
  readonly createdAt: number;
  name: string;
  /** In clear, without sourceType or destinationType. */
  configuration: JsonObject;
  resourceAllocation?: JsonObject;
  deleted: boolean;
}

export interface StreamConfiguration {
  readonly name: string;
  readonly syncMode: string;
  readonly cursorField: readonly string[];
  readonly primaryKey: readonly (readonly string[])[];
  readonly selectedFields?: readonly { readonly fieldPath: readonly string[] }[];
  readonly mappers: readonly JsonObject[];
}

export interface Schedule {
  readonly scheduleType: 'manual' | 'cron';
  /** Without the ` UTC` that reads add. */
  readonly cronExpression?: string;
}

export type Cursors = Readonly<Record<string, string | number>>;

export interface Connection {
  readonly connectionId: string;
  readonly sourceId: string;
  readonly destinationId: string;
  readonly workspaceId: string;
  readonly createdAt: number;
  name: string;
  /** `deprecated` is what a deleted connection reads as. */
  status: 'active' | 'inactive' | 'deprecated' | 'locked';
  schedule: Schedule;
  streams: readonly StreamConfiguration[];
  namespaceDefinition: 'source' | 'destination' | 'custom_format';
  namespaceFormat: string | undefined;
  prefix: string;
  nonBreakingSchemaUpdatesBehavior: string;
  tagIds: readonly string[];
  /** Stream → partition ('' without any) → cursor that was reached; what makes the next incremental sync short. */
  cursors: Record<string, Cursors>;
  /** Grows with each sync; rows of a full refresh carry it. */
  generation: number;
}

export interface Tag {
  readonly tagId: string;
  readonly workspaceId: string;
  name: string;
  color: string;
}

export type JobStatus = 'pending' | 'running' | 'incomplete' | 'failed' | 'succeeded' | 'cancelled';
export type JobType = 'sync' | 'reset' | 'clear';

export interface Job {
  readonly jobId: number;
  readonly connectionId: string;
  readonly workspaceId: string;
  readonly jobType: JobType;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  updatedAt: number;
  status: JobStatus;
  rowsSynced: number;
  bytesSynced: number;
  /** Why it failed; the public API does not show it. */
  error?: string;
}

/** Incomplete: an attempt failed, and Airbyte makes another one. */
export function isUnderWay(status: JobStatus): boolean {
  return status === 'pending' || status === 'running' || status === 'incomplete';
}

/** One table with an index by workspace, so that a list of one tenant's objects does not read everyone's. */
export class Table<T extends { readonly workspaceId: string }> {
  readonly #key: (row: T) => string | number;
  readonly #rows = new Map<string | number, T>();
  readonly #byWorkspace = new Map<string, T[]>();

  constructor(key: (row: T) => string | number) {
    this.#key = key;
  }

  add(row: T): T {
    this.#rows.set(this.#key(row), row);
    const same = this.#byWorkspace.get(row.workspaceId);
    if (same === undefined) this.#byWorkspace.set(row.workspaceId, [row]);
    else same.push(row);
    return row;
  }

  get(id: string | number): T | undefined {
    return this.#rows.get(id);
  }

  remove(row: T): void {
    this.#rows.delete(this.#key(row));
    const same = this.#byWorkspace.get(row.workspaceId) ?? [];
    this.#byWorkspace.set(
      row.workspaceId,
      same.filter((other) => other !== row),
    );
  }

  /** In order of creation. No workspaces means all of them. */
  list(workspaceIds: readonly string[] = []): Iterable<T> {
    if (workspaceIds.length === 0) return this.#rows.values();
    return [...new Set(workspaceIds)].flatMap((id) => this.#byWorkspace.get(id) ?? []);
  }
}

/** What is written to the file. */
export interface Snapshot {
  readonly applications: readonly Application[];
  readonly workspaces: readonly Workspace[];
  readonly actors: readonly Actor[];
  readonly connections: readonly Connection[];
  readonly tags: readonly Tag[];
  readonly jobs: readonly Job[];
}

export class State {
  readonly applications = new Map<string, Application>();
  readonly workspaces = new Table<Workspace>((row) => row.workspaceId);
  readonly sources = new Table<Actor>((row) => row.id);
  readonly destinations = new Table<Actor>((row) => row.id);
  readonly connections = new Table<Connection>((row) => row.connectionId);
  readonly tags = new Table<Tag>((row) => row.tagId);
  readonly jobs = new Table<Job>((row) => row.jobId);
  /** Connection → its running job. */
  readonly running = new Map<string, Job>();
  lastJobId = 0;

  actors(kind: Actor['kind']): Table<Actor> {
    return kind === 'source' ? this.sources : this.destinations;
  }

  snapshot(): Snapshot {
    return {
      applications: [...this.applications.values()],
      workspaces: [...this.workspaces.list()],
      actors: [...this.sources.list(), ...this.destinations.list()],
      connections: [...this.connections.list()],
      tags: [...this.tags.list()],
      jobs: [...this.jobs.list()],
    };
  }

  /** A job that was running when the process ended has failed. */
  restore(from: Snapshot): void {
    for (const application of from.applications) this.applications.set(application.id, application);
    for (const workspace of from.workspaces) this.workspaces.add(workspace);
    for (const actor of from.actors) this.actors(actor.kind).add(actor);
    for (const connection of from.connections) this.connections.add(connection);
    for (const tag of from.tags) this.tags.add(tag);
    for (const job of from.jobs) {
      this.lastJobId = Math.max(this.lastJobId, job.jobId);
      this.jobs.add(
        isUnderWay(job.status) ? { ...job, status: 'failed', error: 'the emulator was stopped' } : job,
      );
    }
  }
}
