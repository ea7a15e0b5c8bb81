import { z } from 'zod';
import { mostInt } from '../fields.ts';
import { requiredUpTo } from './text.ts';

const whole = z.number().int().min(0).max(mostInt);

export const logLimits = {
  id: 64,
  service: 64,
  endpoint: 500,
  method: 16,
  name: 128,
  queryType: 64,
  queryHash: 64,
  userAgent: 500,
} as const;

const service = requiredUpTo(logLimits.service);

export const apiRequestContract = z.object({
  service,
  endpoint: requiredUpTo(logLimits.endpoint),
  method: requiredUpTo(logLimits.method),
  status_code: whole,
  response_time_ms: whole,
  request_size_bytes: whole.nullable(),
  response_size_bytes: whole.nullable(),
});

export const dbQueryContract = z.object({
  service,
  execution_time_ms: whole,
  rows_affected: whole.nullable(),
});
