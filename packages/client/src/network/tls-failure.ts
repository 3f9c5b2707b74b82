// Tells a connection that may work the next time from one that never will: what a TLS handshake fails with does not pass by itself.

import { AuthenticationError, ConnectionError } from "../errors.ts";
import type { ErrorContext, KafkaError } from "../errors.ts";

/** Node's and OpenSSL's codes for certificates that are not trusted, names that do not match, and peers that do not speak TLS. */
const TLS_CODE = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** The error for a connection that ended; `cause` is null when the broker closed it in order. */
export function connectionFailure(
  address: string,
  cause: Error | null,
  context: ErrorContext,
  wasConnecting: boolean,
): KafkaError {
  const begin = wasConnecting ? `cannot connect to ${address}` : `connection to ${address}`;
  if (cause === null) return new ConnectionError(`${begin}: the broker closed it`, { context });
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  // OpenSSL ends its sentences with a line break.
  const reason = cause.message.trim().replaceAll(/\s*\n\s*/g, " ");
  const message = `${begin}: ${reason === "" ? code : reason}`;
  if (TLS_CODE.test(code)) {
    return new AuthenticationError(message, { code: "SSL_AUTHENTICATION_FAILED", context, cause });
  }
  return new ConnectionError(message, { context, cause });
}
