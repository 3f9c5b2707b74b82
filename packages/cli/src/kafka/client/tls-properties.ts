// ssl.* properties to node:tls options: PEM stores from files or as text, and PKCS12 key stores. Java's own stores (JKS), and trust
// stores in PKCS12, cannot be read by Node and are refused. Reading files is the caller's.

import type { ConnectionOptions } from "node:tls";
import { PropertyError } from "./property-values.ts";

type ReadFile = (path: string) => Promise<Buffer>;

const known: ReadonlySet<string> = new Set([
  "ssl.truststore.type",
  "ssl.truststore.location",
  "ssl.truststore.certificates",
  "ssl.truststore.password",
  "ssl.keystore.type",
  "ssl.keystore.location",
  "ssl.keystore.certificate.chain",
  "ssl.keystore.key",
  "ssl.keystore.password",
  "ssl.key.password",
  "ssl.endpoint.identification.algorithm",
  "ssl.protocol",
  "ssl.enabled.protocols",
]);

/** @throws PropertyError */
export async function tlsOptions(properties: ReadonlyMap<string, string>, read: ReadFile): Promise<ConnectionOptions> {
  for (const name of properties.keys()) {
    if (name.startsWith("ssl.") && !known.has(name)) {
      throw new PropertyError(`The configuration ${name} is not supported by this client`);
    }
  }
  return {
    ...(await trustedCertificates(properties, read)),
    ...(await ownCertificate(properties, read)),
    ...versions(properties),
    ...hostCheck(properties),
  };
}

async function trustedCertificates(
  properties: ReadonlyMap<string, string>,
  read: ReadFile,
): Promise<ConnectionOptions> {
  const certificates = properties.get("ssl.truststore.certificates");
  const location = properties.get("ssl.truststore.location");
  if (certificates === undefined && location === undefined) return {};
  const type = (properties.get("ssl.truststore.type") ?? "JKS").toUpperCase();
  if (type !== "PEM") {
    throw new PropertyError(
      `A trust store of type ${type} cannot be read here: convert it and set ssl.truststore.type=PEM`,
    );
  }
  return { ca: certificates ?? (await read(location!)) };
}

async function ownCertificate(properties: ReadonlyMap<string, string>, read: ReadFile): Promise<ConnectionOptions> {
  const chain = properties.get("ssl.keystore.certificate.chain");
  const location = properties.get("ssl.keystore.location");
  if (chain === undefined && location === undefined) return {};
  const password = properties.get("ssl.key.password") ?? properties.get("ssl.keystore.password");
  const passphrase = password === undefined ? {} : { passphrase: password };
  const type = (properties.get("ssl.keystore.type") ?? "JKS").toUpperCase();
  if (type === "PKCS12") return { pfx: await read(location!), ...passphrase };
  if (type !== "PEM") {
    throw new PropertyError(`A key store of type ${type} cannot be read here: convert it to PEM or PKCS12`);
  }
  if (chain !== undefined) return { cert: chain, key: properties.get("ssl.keystore.key") ?? chain, ...passphrase };
  const both = await read(location!);
  return { cert: both, key: both, ...passphrase };
}

function versions(properties: ReadonlyMap<string, string>): ConnectionOptions {
  const text = properties.get("ssl.enabled.protocols");
  if (text === undefined) return {};
  const listed = text.split(",").map((each) => each.trim());
  const has12 = listed.includes("TLSv1.2");
  const has13 = listed.includes("TLSv1.3");
  if (!has12 && !has13)
    throw new PropertyError(`None of ssl.enabled.protocols=${text} is supported: TLSv1.2 and TLSv1.3 are`);
  return { minVersion: has12 ? "TLSv1.2" : "TLSv1.3", maxVersion: has13 ? "TLSv1.3" : "TLSv1.2" };
}

/** An empty algorithm switches the check of the host's name off, as in Java. */
function hostCheck(properties: ReadonlyMap<string, string>): ConnectionOptions {
  return properties.get("ssl.endpoint.identification.algorithm") === "" ? { checkServerIdentity: () => undefined } : {};
}
