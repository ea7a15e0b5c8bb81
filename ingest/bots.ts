import { isbot, isbotMatch } from 'isbot';

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

/** A word of a user agent, and its version's first two numbers. */
const product = /([a-z][\w.-]*)(?:\/(\d{1,4}(?:\.\d{1,4})?))?/gi;
const longestName = 32;
/** Every browser says so, and robots after them. */
const everybody = new Set(['mozilla', 'applewebkit', 'khtml', 'gecko', 'compatible']);

/**
 * What a robot calls itself, to be shown: `curl/8.5`, `Googlebot/2.1`. Letters, digits, `_.-/` and at most 42 of them,
 * whatever the agent holds; undefined when it has no such name.
 */
export const botName = (userAgent: string): string | undefined => {
  const text = userAgent.slice(0, longest);
  const [telling = ''] = /[a-z][a-z-]+/i.exec(isbotMatch(text) ?? '') ?? [];
  const words = [...text.matchAll(product)]
    .map(([, name = '', version]) => ({ name, version }))
    .filter(({ name }) => name.length <= longestName && !everybody.has(name.toLowerCase()));
  const ofRobot = words.filter(
    ({ name }) => telling !== '' && name.toLowerCase().includes(telling.toLowerCase()),
  );
  const word = ofRobot.find(({ version }) => version !== undefined) ?? ofRobot[0];
  if (word === undefined) return undefined;
  return word.version === undefined ? word.name : `${word.name}/${word.version}`;
};
