/** A token's colour in the theme of now. */
export const colour = (token: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(token).trim();

/** A token's colour let through: alpha from 0 to 1. */
export const faint = (token: string, alpha: number): string =>
  `${colour(token)}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, '0')}`;
