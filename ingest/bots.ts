import { isbot } from 'isbot';

const rememberAtMost = 2_048;
const longest = 512;
const remembered = new Map<string, boolean>();

/** Does the user agent name a robot, by the isbot library? Remembered: shoppers share a few hundred agents. */
export const isBotAgent = (userAgent: string | null | undefined): boolean => {
  if (userAgent === null || userAgent === undefined || userAgent === '') return false;
  const known = remembered.get(userAgent);
  if (known !== undefined) return known;
  const bot = isbot(userAgent);
  if (remembered.size >= rememberAtMost) remembered.clear();
  if (userAgent.length <= longest) remembered.set(userAgent, bot);
  return bot;
};
