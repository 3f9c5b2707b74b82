// `ottla cluster health`: what is wrong first; the exit code says whether anything is.

import type { CommandCall } from "../../command-definition.ts";
import { targetText, withAdmin } from "../connect.ts";
import { print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column, Page, Style } from "../table.ts";
import { withProgress } from "../terminal.ts";
import type { ClusterFlags } from "./cluster-commands.ts";
import { viewHealth } from "./cluster-view.ts";
import { checkHealth, isHealthy } from "./health.ts";
import type { Check, Verdict } from "./health.ts";

export async function showHealth({ options, io }: CommandCall<ClusterFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const view = await withProgress(io, "asking the brokers", () => viewHealth(session));
    const checks = checkHealth(view, Date.now());
    const isWell = isHealthy(checks);
    await print(io, options, {
      document: { clusterId: view.cluster.clusterId, isHealthy: isWell, checks },
      lines: (page) => [
        page.paint(isWell ? "green" : "red", `${targetText(session.target)} is ${isWell ? "well" : "NOT WELL"}`),
        "",
        ...healthLines(checks, page),
      ],
    });
    return isWell ? 0 : 1;
  });
}

const order: readonly Verdict[] = ["bad", "warning", "ok", "unknown"];
/** So many names of what is amiss are shown; --output json has them all. */
const NAMED_AT_MOST = 20;

export function healthLines(checks: readonly Check[], page: Page): string[] {
  const sorted = [...checks].sort((one, other) => order.indexOf(one.verdict) - order.indexOf(other.verdict));
  const [titles, ...lines] = tableLines(sorted, columns, page);
  return [titles!, ...lines.flatMap((line, at) => [line, ...itemLines(sorted[at]!)])];
}

function itemLines({ verdict, items }: Check): string[] {
  if (verdict === "ok" || verdict === "unknown") return [];
  const more = items.length - NAMED_AT_MOST;
  const shown = items.slice(0, NAMED_AT_MOST).map((item) => `    ${item}`);
  return more > 0 ? [...shown, `    and ${more} more`] : shown;
}

const styles: Readonly<Record<Verdict, Style>> = { bad: "red", warning: "yellow", ok: "green", unknown: "dim" };

const columns: readonly Column<Check>[] = [
  { title: "VERDICT", value: ({ verdict }) => verdict, style: ({ verdict }) => styles[verdict] },
  { title: "CHECK", value: ({ check }) => check },
  { title: "DETAIL", value: ({ detail }) => detail },
];
