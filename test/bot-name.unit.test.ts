import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { botName, isBotAgent } from '../ingest/bots.ts';

describe('what a robot calls itself', () => {
  it.each([
    ['curl/8.5.0', 'curl/8.5'],
    ['python-requests/2.31.0', 'python-requests/2.31'],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot/2.1'],
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36',
      'HeadlessChrome/120.0',
    ],
    ['node', 'node'],
    ['<img src=x onerror=alert(1)>bot/1.0', undefined],
    ['evil\u202ebot\u0000</h2><script>bot', 'bot'],
    [`${'a'.repeat(300)}bot/1.2`, undefined],
    [`curl/${'9'.repeat(400)}`, 'curl/9999'],
    ['', undefined],
  ])('of %j is %j', (agent, name) => {
    expect(botName(agent)).toBe(name);
  });

  it('is a short plain name, whatever the agent holds', () => {
    const agents = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc
        .array(
          fc.constantFrom(
            'bot',
            'curl/',
            '<b>',
            '\u202e',
            '\u0000',
            '"',
            '/',
            '1.2',
            ' ',
            'Crawler',
            '\n',
            'ක',
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(agents, (agent) => {
        const name = botName(agent);
        if (name !== undefined) expect(name).toMatch(/^[A-Za-z][\w.-]{0,31}(\/\d{1,4}(\.\d{1,4})?)?$/);
      }),
    );
    expect(isBotAgent('curl/8.5.0')).toBe(true);
  });
});
