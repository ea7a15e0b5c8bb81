import { connect } from 'amqplib';

/** The limit of RabbitMQ → Bronze: consume and ack each message, nothing else. Writes messages per second, warm. */
const [url = '', queue = '', count = '0', warmUp = '0', prefetch = '1000'] = process.argv.slice(2);
const connection = await connect(url);
const channel = await connection.createChannel();
await channel.prefetch(Number(prefetch));
let seen = 0;
let began = 0;
await new Promise<void>((resolve) => {
  void channel.consume(queue, (message) => {
    if (message === null) return;
    seen += 1;
    if (seen === Number(warmUp)) began = performance.now();
    channel.ack(message);
    if (seen === Number(count)) resolve();
  });
});
const seconds = (performance.now() - began) / 1_000;
await channel.close();
await connection.close();
process.stdout.write(`${(Number(count) - Number(warmUp)) / seconds}\n`);
