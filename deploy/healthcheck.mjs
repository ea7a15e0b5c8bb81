// Exit 0 when the pipeline of this container is ready, else 1 with what is missing: Docker shows it in `inspect`.

const port = process.env.DASHBOARD_PORT || '8501';
const token = process.env.DASHBOARD_TOKEN;

try {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    signal: AbortSignal.timeout(4_000),
  });
  process.stdout.write(`${answer.status} ${await answer.text()}\n`);
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stdout.write(`/readyz does not answer: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
