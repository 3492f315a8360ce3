/** The account that everything local belongs to. */
export const ACCOUNT = '000000000000';
