/**
 * Lets resources of one database follow one another. Postgres fails a GRANT whose catalog row another transaction writes
 * at the same time ("tuple concurrently updated"), and Pulumi starts all at once that does not depend on each other.
 */
import type * as pulumi from '@pulumi/pulumi';

export class Turns {
  #last: pulumi.Resource | undefined;

  /** Makes a resource that comes after the one before it. */
  next<R extends pulumi.Resource>(make: (after: readonly pulumi.Resource[]) => R): R {
    const made = make(this.#last ? [this.#last] : []);
    this.#last = made;
    return made;
  }
}
