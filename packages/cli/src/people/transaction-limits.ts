// After how long an open transaction is worth a look: none that a broker of default configs lets be is open for longer.

/** Kafka's default of transaction.max.timeout.ms. */
export const LONG_TRANSACTION_MS = 900_000;
