// SASL mechanisms as the authenticator sees them, and the two that need no computing. Each answers the broker's messages
// until it has nothing more to say.

export interface SaslExchange {
  /** The client's first message. */
  first(): Buffer;
  /**
   * The answer to the broker's next message, or null when the exchange is complete.
   * @throws AuthenticationError when the broker does not prove who it is, or asks for what is not safe
   */
  next(challenge: Buffer): Promise<Buffer | null> | Buffer | null;
}

/** PLAIN (RFC 4616): name and password in clear, so only over TLS. */
export function plainExchange(username: string, password: string): SaslExchange {
  return {
    first: () => Buffer.from(`\0${username}\0${password}`, "utf8"),
    next: () => null,
  };
}

/** OAUTHBEARER (RFC 7628) with extensions (KIP-342). A broker says in JSON why it refuses, and refuses when that is acknowledged. */
export function oauthBearerExchange(token: string, extensions: Readonly<Record<string, string>> = {}): SaslExchange {
  const pairs = Object.entries(extensions).map(([name, value]) => `${name}=${value}\u0001`);
  return {
    first: () => Buffer.from(`n,,\u0001auth=Bearer ${token}\u0001${pairs.join("")}\u0001`, "utf8"),
    next: (challenge) => (challenge.length === 0 ? null : Buffer.from("\u0001")),
  };
}
