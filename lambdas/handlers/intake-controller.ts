import { intakeControllerHandler } from '../aws/intake-controller.ts';

/** The Lambda function of the construct `IntakeController`. */
export const handler = intakeControllerHandler();
