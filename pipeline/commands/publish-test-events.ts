import { randomUUID } from 'node:crypto';
import { print, runCommand, tell, WrongUse } from './command.ts';
import { publishConfirmed } from './publish-confirmed.ts';
import { testJourney } from './test-journey.ts';

const help = `Publishes the UI events of one shopper through RabbitMQ: page_view, click, add_to_cart, begin_checkout.

  npm run publish-test-events -- --session-id demo-1 --page-url http://localhost:3000/products/tea-1 \\
                                 --product-id tea-1 --quantity 2

  --session-id S   1 to 64 characters (default: a new one)
  --page-url U     1 to 2000 characters (default: http://localhost:3000/products/<product id>)
  --product-id P   1 to 64 characters (default: test-product)
  --quantity N     1 to 1000 (default 1)
  --user-id U      up to 64 characters (default: none)
  --json           what was published, as JSON
  --help           this text

It needs RABBITMQ_URL. Each event is confirmed by the broker and must reach a queue: the pipeline with the consumer
role declares the queue at its first start.
Exit codes: 0 all published, 1 failed or unroutable, 2 wrong use or configuration.
`;

const bounded = (name: string, value: string, longest: number): string => {
  const trimmed = value.trim();
  if (trimmed === '' || trimmed.length > longest) {
    throw new WrongUse(`--${name} must have 1 to ${longest} characters`);
  }
  return trimmed;
};

await runCommand({
  name: 'publish-test-events',
  help,
  options: {
    'session-id': { type: 'string' },
    'page-url': { type: 'string' },
    'product-id': { type: 'string' },
    quantity: { type: 'string' },
    'user-id': { type: 'string' },
    json: { type: 'boolean' },
  },
  async run({ values, positionals, config }) {
    if (positionals.length > 0) throw new WrongUse(`unexpected ${JSON.stringify(positionals[0])}`);
    const productId = bounded('product-id', values['product-id'] ?? 'test-product', 64);
    const quantity = Number(values.quantity ?? 1);
    if (!/^\d+$/.test(values.quantity ?? '1') || quantity < 1 || quantity > 1_000) {
      throw new WrongUse('--quantity must be a whole number from 1 to 1000');
    }
    const userId = values['user-id'];
    const journey = {
      sessionId: bounded('session-id', values['session-id'] ?? `test-${randomUUID()}`, 64),
      pageUrl: bounded(
        'page-url',
        values['page-url'] ?? `http://localhost:3000/products/${productId}`,
        2_000,
      ),
      productId,
      quantity,
      userId: userId === undefined ? undefined : bounded('user-id', userId, 64),
    };
    const broker = config.rabbitmq;
    if (broker === undefined) {
      throw new WrongUse('RABBITMQ_URL is unset: there is no broker to publish through (set it in .env)');
    }

    const messages = testJourney(journey, Date.now());
    const { unroutable } = await publishConfirmed(broker, messages);
    const lines = messages.map((message) => ({
      routing_key: message.routingKey,
      event_id: message.eventId,
      status: unroutable.includes(message) ? 'unroutable' : 'published',
    }));
    if (values.json === true)
      print(JSON.stringify({ session_id: journey.sessionId, events: lines }, null, 2));
    else for (const line of lines) print(`${line.status}  ${line.event_id}  ${line.routing_key}`);

    if (unroutable.length > 0) {
      tell(
        `KADA_UNROUTABLE: exchange ${broker.exchange} has no queue for ${unroutable.length} of ${messages.length} ` +
          `events, and they are gone. Start the pipeline with the same RABBITMQ_URL first: it declares the queue ` +
          `${broker.queue} and its bindings (RABBITMQ_ROUTING_KEYS).`,
      );
      return 1;
    }
    if (values.json !== true) print(`${messages.length} events of session ${journey.sessionId} published`);
    return 0;
  },
});
