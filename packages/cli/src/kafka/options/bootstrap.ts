// --bootstrap-server as ToolsUtils.validateBootstrapServer checks it: every address has a port. Pure.

/** Null when the addresses can be used, else what is wrong with them. */
export function bootstrapProblem(servers: string | undefined): string | null {
  if (servers === undefined || servers.trim() === "") return "Error while validating the bootstrap address\n";
  const addresses = servers.includes(",") ? withoutEmptyEnd(servers.split(",")) : [servers];
  const areValid = addresses.length > 0 && addresses.every((address) => HOST_PORT.test(address));
  return areValid ? null : "Please provide valid host:port like host1:9091,host2:9092\n";
}

/** Utils.HOST_PORT_PATTERN: an optional scheme, a name or an address, and a port. */
const HOST_PORT = /^(?:[0-9a-zA-Z\-%._]*:\/\/)?\[?([0-9a-zA-Z\-%._:]*)\]?:(\d+)$/;

/** As Java's split, which leaves out empty parts at the end. */
function withoutEmptyEnd(parts: string[]): string[] {
  while (parts.at(-1) === "") parts.pop();
  return parts;
}
