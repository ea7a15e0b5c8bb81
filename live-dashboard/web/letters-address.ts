/**
 * The Operations page with the dead letters that are meant, of every status: the live page counts them so.
 * @param concerns the type of event that they were to be, as their context names it
 */
export function lettersAddress(meant: {
  readonly reason?: string;
  readonly concerns?: string | undefined;
}): string {
  const query = new URLSearchParams({ status: '' });
  if (meant.reason !== undefined) query.set('reason', meant.reason);
  if (meant.concerns !== undefined) query.set('text', `"concerns":${JSON.stringify(meant.concerns)}`);
  return `/operations?${query}`;
}
