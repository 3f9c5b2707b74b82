// What one command on classic groups comes to, gathered while it runs: an Outcome whose records the groups already follow.

import { replyTo } from "../../runtime/outcome.ts";
import type { Pending, Reply } from "../../runtime/outcome.ts";
import type { GroupRecord } from "../group-records.ts";

export class Effects {
  readonly records: GroupRecord[] = [];
  readonly replies: Reply[] = [];
  readonly applied = true;

  answer<Response>(to: Pending<Response>, response: Response): void {
    this.replies.push(replyTo(to, response));
  }
}
