/** The pages of history by their path; each is the same HTML, and its script looks at the path. */
export const historyPages = ['/executive', '/behavior', '/product', '/operations'] as const;

export type HistoryPage = (typeof historyPages)[number];
