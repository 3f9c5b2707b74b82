// A failure of kafka-reassign-partitions that is told as it is; others have "Error: " in front.

import { CommandFailure } from "../../command-failure.ts";

export class TerseFailure extends CommandFailure {
  override name = "TerseFailure";
}
