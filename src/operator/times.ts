/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function wholeSeconds(time: Date | number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
