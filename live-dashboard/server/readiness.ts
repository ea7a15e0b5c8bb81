/** What /readyz tells (http.md): 200 when ready, else 503 with what is missing. */
export interface Readiness {
  readonly ready: boolean;
  /** ready, but something that the process can work without is away */
  readonly degraded: boolean;
  /** what is not there yet, or away: `warehouse`, `rebuild`, `rabbitmq` … */
  readonly missing: readonly string[];
}
