// Authenticates connections: SaslHandshake names the mechanism, SaslAuthenticate carries its messages (KIP-43, KIP-152).
// One for all connections of a client, so that they share an OAuth token while it is good.

import type { Clock, Random } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import { saslHandshakeApi } from "@ottla/protocol/messages/17-sasl-handshake.ts";
import { saslAuthenticateApi } from "@ottla/protocol/messages/36-sasl-authenticate.ts";
import { AuthenticationError, brokerError, KafkaError } from "../../errors.ts";
import type { OAuthBearerToken, SaslOptions } from "../../options.ts";
import type { Connection } from "../connection.ts";
import { oauthBearerExchange, plainExchange } from "./mechanism.ts";
import type { SaslExchange } from "./mechanism.ts";

const HANDSHAKE_VERSION = 1;
const NONCE_WORDS = 6;
/** Messages that a mechanism needs at most; a broker that goes on beyond is not one. */
const MAX_ROUNDS = 8;
/** A token is used for this share of the time that it was good for when it came. */
const TOKEN_SHARE = 0.8;
/** RFC 7628: names are letters; values hold neither control characters nor what ends a pair. */
const EXTENSION_NAME = /^[A-Za-z]+$/;
const EXTENSION_VALUE = /^[\x20-\x7e\t\r\n]+$/;
/** RFC 6750. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

export class Authenticator {
  private readonly sasl: SaslOptions;
  private readonly clock: Clock;
  private readonly random: Random;
  private token: Promise<OAuthBearerToken> | null = null;
  private tokenUntilMs = 0;

  constructor(sasl: SaslOptions, clock: Clock, random: Random) {
    this.sasl = sasl;
    this.clock = clock;
    this.random = random;
  }

  /** Returns how many milliseconds the session lasts, or 0 for ever. @throws AuthenticationError, ConnectionError, TimeoutError */
  async authenticate(connection: Connection): Promise<number> {
    const exchange = await this.exchange(connection);
    const { mechanism } = this.sasl;
    const handshake = await connection.exchange(saslHandshakeApi, HANDSHAKE_VERSION, { mechanism });
    if (handshake.errorCode !== errorCodes.NONE) {
      const offered = handshake.mechanisms.join(", ") || "none";
      const message = `${connection.address} does not take ${mechanism}; its mechanisms: ${offered}`;
      const code = errorName(handshake.errorCode);
      throw new AuthenticationError(message, { code, context: connection.context(saslHandshakeApi.name) });
    }
    const version = connection.versionOf(saslAuthenticateApi);
    if (version < 0) throw brokerError(errorCodes.UNSUPPORTED_VERSION, null, connection.context("SaslAuthenticate"));
    return converse(connection, exchange, version);
  }

  private async exchange(connection: Connection): Promise<SaslExchange> {
    const { sasl } = this;
    if (sasl.mechanism === "PLAIN") return plainExchange(sasl.username, sasl.password);
    if (sasl.mechanism === "OAUTHBEARER") {
      const { value, extensions } = await this.currentToken(connection, sasl.token);
      return oauthBearerExchange(value, extensions);
    }
    const { scramExchange } = await import("./scram.ts");
    return scramExchange({ ...sasl, nonce: this.nonce(), isDelegationToken: sasl.isDelegationToken ?? false });
  }

  private nonce(): string {
    const bytes = Buffer.allocUnsafe(NONCE_WORDS * 4);
    for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32BE(this.random.uint32(), at);
    return bytes.toString("base64url");
  }

  /** The token that others use already, or a new one. A token without a time of expiry is used once. */
  private async currentToken(
    connection: Connection,
    ask: () => OAuthBearerToken | Promise<OAuthBearerToken>,
  ): Promise<OAuthBearerToken> {
    const nowMs = this.clock.nowMs();
    if (this.token === null || nowMs >= this.tokenUntilMs) {
      // Connections that come while the token is awaited share it.
      this.tokenUntilMs = Infinity;
      this.token = Promise.resolve()
        .then(ask)
        .then(checkedToken)
        .then((token) => {
          this.tokenUntilMs = token.expiresAtMs === undefined ? 0 : nowMs + (token.expiresAtMs - nowMs) * TOKEN_SHARE;
          return token;
        })
        .catch((error: unknown) => {
          this.tokenUntilMs = 0;
          throw error;
        });
    }
    try {
      return await this.token;
    } catch (error) {
      if (error instanceof KafkaError) throw error;
      const context = connection.context();
      throw new AuthenticationError(`no OAuth token: ${String(error)}`, { code: "NO_TOKEN", context, cause: error });
    }
  }
}

async function converse(connection: Connection, exchange: SaslExchange, version: number): Promise<number> {
  let message: Buffer | null = exchange.first();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const response = await connection.exchange(saslAuthenticateApi, version, { authBytes: message });
    if (response.errorCode !== errorCodes.NONE) {
      const { errorMessage, errorCode } = response;
      const reason = errorMessage ?? brokerError(errorCode, null).message;
      const context = connection.context(saslAuthenticateApi.name);
      throw new AuthenticationError(reason, { code: errorName(errorCode), context });
    }
    message = await exchange.next(response.authBytes);
    if (message === null) return response.sessionLifetimeMs;
  }
  throw new AuthenticationError(`${connection.address} does not come to an end with authenticating`);
}

function checkedToken(token: OAuthBearerToken): OAuthBearerToken {
  if (!TOKEN.test(token.value)) throw new AuthenticationError("the OAuth token is not a bearer token");
  for (const [name, value] of Object.entries(token.extensions ?? {})) {
    if (name === "auth" || !EXTENSION_NAME.test(name) || !EXTENSION_VALUE.test(value))
      throw new AuthenticationError(`the SASL extension ${name} is not valid`);
  }
  return token;
}
