// Who sent a request, as the coordinators write and describe it.

import type { RequestClient } from "@ottla/coordinator";
import type { RequestContext } from "../handler.ts";

export function requestClientOf({ clientId, connection, apiVersion }: RequestContext): RequestClient {
  return { clientId: clientId ?? "", clientHost: hostOf(connection.remoteAddress), apiVersion };
}

// As Java prints an address that was never looked up; a dual-stack socket shows IPv4 clients as ::ffff:1.2.3.4.
function hostOf(address: string): string {
  return `/${address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address}`;
}
