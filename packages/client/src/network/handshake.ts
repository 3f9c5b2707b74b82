// What happens on a new connection before the first request: the versions are agreed on, and the client authenticates.
// Where the broker bounds a session (KIP-368) the client authenticates anew on the same connection before the bound;
// requests wait meanwhile, those that were sent before are answered first.

import type { Clock, Random } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { AuthenticationError, brokerError, ConnectionError, KafkaError } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import { brokerVersions, FIRST_API_VERSIONS_VERSION, nextApiVersionsVersion, software } from "./api-versions.ts";
import type { Connection } from "./connection.ts";
import { Authenticator } from "./sasl/authenticator.ts";

/** A session is renewed after 85 to 95 % of its lifetime, as Java does, so that connections made together do not all do it together. */
const RENEWAL = { earliest: 0.85, spread: 0.1 };

export interface HandshakeParts {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly random: Random;
}

export class Handshake {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly authenticator: Authenticator | null;

  constructor({ options, clock, random }: HandshakeParts) {
    this.clock = clock;
    this.random = random;
    this.authenticator = options.sasl === null ? null : new Authenticator(options.sasl, clock, random);
  }

  /** Makes an open connection ready for requests. @throws ConnectionError, TimeoutError, AuthenticationError, BrokerError */
  async prepare(connection: Connection): Promise<void> {
    await negotiateVersions(connection);
    if (this.authenticator !== null) await this.authenticate(connection, this.authenticator);
  }

  private async authenticate(connection: Connection, authenticator: Authenticator): Promise<void> {
    const startMs = this.clock.monotonicMs();
    const lifetimeMs = await authenticator.authenticate(connection);
    if (lifetimeMs <= 0) return;
    const share = RENEWAL.earliest + RENEWAL.spread * (this.random.uint32() / 0x1_0000_0000);
    const renewAtMs = startMs + lifetimeMs * share;
    connection.beforeRequest = () => {
      if (this.clock.monotonicMs() < renewAtMs) return;
      connection.beforeRequest = null;
      connection.hold();
      void this.renew(connection, authenticator);
    };
  }

  /** Ends the connection with whatever goes wrong; never rejects. */
  private async renew(connection: Connection, authenticator: Authenticator): Promise<void> {
    const startMs = this.clock.monotonicMs();
    try {
      await this.authenticate(connection, authenticator);
      connection.meter.renewed(this.clock.monotonicMs() - startMs);
      connection.release();
    } catch (error) {
      if (error instanceof AuthenticationError) connection.meter.renewalFailed();
      const reason =
        error instanceof KafkaError ? error : new ConnectionError("authenticating anew failed", { cause: error });
      void connection.close(reason);
    }
  }
}

/** Asks for the broker's versions and leaves them in the connection. */
async function negotiateVersions(connection: Connection): Promise<void> {
  const body = { clientSoftwareName: software.name, clientSoftwareVersion: software.version };
  for (let version = FIRST_API_VERSIONS_VERSION; ;) {
    const response = await connection.exchange(apiVersionsApi, version, body);
    if (response.errorCode === errorCodes.NONE) {
      connection.versions = brokerVersions(response);
      return;
    }
    version = response.errorCode === errorCodes.UNSUPPORTED_VERSION ? nextApiVersionsVersion(response, version) : -1;
    if (version < 0) throw brokerError(response.errorCode, null, connection.context(apiVersionsApi.name));
  }
}
