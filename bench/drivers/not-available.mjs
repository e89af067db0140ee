/** A driver cannot work on this machine; the message says why, and what to install. */
export class NotAvailable extends Error {}
