/** `tenantry:index:FirstSync`: the job that is started once, after a connection is made. */
import * as pulumi from '@pulumi/pulumi';

export interface FirstSyncArgs {
  /** Connection to sync. Another connection is another first sync (replacement). */
  readonly connectionId: pulumi.Input<string>;
  /** Path below the KV mount of the credential, `<tenant>/<integration>`: its metadata tell that the job was started. */
  readonly credentialPath: pulumi.Input<string>;
}

/** Id: the connection's id. Import id: `<tenant>/<integration>/<connection id>`. Removing it leaves the job as it is. */
export class FirstSync extends pulumi.CustomResource {
  declare readonly connectionId: pulumi.Output<string>;
  declare readonly credentialPath: pulumi.Output<string>;

  constructor(name: string, args: FirstSyncArgs, opts?: pulumi.CustomResourceOptions) {
    super('tenantry:index:FirstSync', name, { ...args }, opts);
  }
}
