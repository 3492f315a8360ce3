import { ApiError } from '../emulators/json-service.ts';

/** The error that CloudWatch refuses an invalid request with. */
export function invalid(message: string): ApiError {
  return new ApiError(400, 'ValidationError', message);
}
