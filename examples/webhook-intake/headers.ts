/** Attributes under which the intake passes GitHub's headers on. */
export const EVENT_ATTRIBUTE = 'x-github-event';
export const DELIVERY_ATTRIBUTE = 'x-github-delivery';
export const SIGNATURE_ATTRIBUTE = 'x-hub-signature-256';

/** Largest delivery that is taken. Bytes. */
export const LARGEST_DELIVERY = 256 * 1024;
