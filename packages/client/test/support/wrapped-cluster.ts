// A cluster whose requests a test sees, and whose answers it may replace, lose or hold back.

import type { Cluster } from "../../src/network/cluster.ts";

/** What becomes of a request: `next` sends it. `body` is what the caller gave, a function where the version matters. */
export type SendInterceptor = (api: string, next: () => Promise<unknown>, body: unknown) => Promise<unknown>;

/** As `cluster`, but every request goes through `intercept`. */
export function wrapSend(cluster: Cluster, intercept: SendInterceptor): Cluster {
  const send: Cluster["send"] = (nodeId, api, body, options) =>
    intercept(api.name, () => cluster.send(nodeId, api, body, options), body) as never;
  return new Proxy(cluster, {
    get(inner, property) {
      if (property === "send") return send;
      const value: unknown = Reflect.get(inner, property, inner);
      return typeof value === "function" ? (value as () => unknown).bind(inner) : value;
    },
  });
}
