/** Order of resource versions. */

/**
 * True when `a` is later than `b`. Versions of one kind of custom resource are whole numbers without leading zeros, too
 * large for a JavaScript number (Kubernetes API Concepts, "Resource versions").
 */
export function isLater(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

/** The later one of the two. */
export function laterOf(a: string, b: string): string {
  return isLater(a, b) ? a : b;
}
