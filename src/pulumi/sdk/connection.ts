/** `tenantry:index:Connection`: brings a source's streams into the tenant's schema. */
import type * as pulumi from '@pulumi/pulumi';
import { type AdoptingArgs, OwnedResource } from './resource.ts';

/** One stream of a connection. */
export interface Stream {
  /** Name of the stream, e.g. `pages`. */
  readonly name: string;
  /** Airbyte's sync mode, e.g. `incremental_append`. Default: Airbyte's, a full refresh that overwrites. */
  readonly syncMode?: string | undefined;
  /** Path of the cursor field. Default: the source's own. */
  readonly cursorField?: readonly string[] | undefined;
  /** Paths of the fields of the primary key. Default: the source's own. */
  readonly primaryKey?: readonly (readonly string[])[] | undefined;
}

export interface ConnectionArgs extends AdoptingArgs {
  /** Name in Airbyte, without the mark. Another name renames it in place. */
  readonly name: pulumi.Input<string>;
  /** Name of the tenant. Cannot be changed (replacement). */
  readonly tenant: pulumi.Input<string>;
  /** Workspace of Airbyte. Cannot be changed (replacement). */
  readonly workspaceId: pulumi.Input<string>;
  /** Source that is read. Cannot be changed (replacement). */
  readonly sourceId: pulumi.Input<string>;
  /** Destination that is written. Cannot be changed (replacement). */
  readonly destinationId: pulumi.Input<string>;
  /** Schema that the tables are made in. */
  readonly namespace: pulumi.Input<string>;
  /** Text before the name of each table. Default none. */
  readonly prefix?: pulumi.Input<string> | undefined;
  /** Streams to sync. Default: every stream that Airbyte discovers. */
  readonly streams?: pulumi.Input<readonly pulumi.Input<Stream>[]> | undefined;
  /** Quartz cron expression in UTC, or `manual`. Default manual. */
  readonly schedule?: pulumi.Input<string> | undefined;
  /** What Airbyte does when the source's schema changes, e.g. `propagate_columns`. Default propagate_columns. */
  readonly schemaChanges?: pulumi.Input<string> | undefined;
  /** Default active. */
  readonly status?: pulumi.Input<'active' | 'inactive'> | undefined;
}

/** Id: Airbyte's connection id. Import id: that, or `<tenant>/<connection id>` where the connection has no mark. */
export class Connection extends OwnedResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly tenant: pulumi.Output<string>;
  declare readonly workspaceId: pulumi.Output<string>;
  declare readonly sourceId: pulumi.Output<string>;
  declare readonly destinationId: pulumi.Output<string>;
  declare readonly namespace: pulumi.Output<string>;
  declare readonly prefix: pulumi.Output<string>;
  declare readonly streams: pulumi.Output<readonly Stream[]>;
  declare readonly schedule: pulumi.Output<string>;
  declare readonly schemaChanges: pulumi.Output<string>;
  declare readonly status: pulumi.Output<string>;
  /** The same as the id. */
  declare readonly connectionId: pulumi.Output<string>;

  constructor(name: string, args: ConnectionArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:Connection', name, { args, outputs: ['connectionId'] }, opts);
  }
}
