import { healthCheckHandler } from '../aws/health-response.ts';

/** The Lambda function of the construct `HealthCheck`. */
export const handler = healthCheckHandler();
