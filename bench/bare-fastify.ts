import Fastify from 'fastify';

/** The limit of /track: Fastify parses the JSON body and answers 202, nothing else. */
const app = Fastify({ logger: false });
app.post('/track', (_request, reply) => {
  reply.code(202).send({ ok: true });
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${url}\n`);
process.on('SIGTERM', () => process.exit(0));
