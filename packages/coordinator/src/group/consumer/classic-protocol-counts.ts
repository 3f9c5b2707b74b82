// How many members of a consumer group still speak the classic protocol, and what they support (the migration of KIP-848).

import type { ConsumerMember } from "./consumer-member.ts";

export class ClassicProtocolCounts {
  private members = 0;
  /** Members by the name of a protocol (a client-side assignor) that they support. */
  private protocols: Map<string, number> | null = null;

  get memberCount(): number {
    return this.members;
  }

  add({ classic }: ConsumerMember): void {
    if (classic === null) return;
    this.members++;
    this.protocols ??= new Map();
    for (const { name } of classic.supportedProtocols) this.protocols.set(name, (this.protocols.get(name) ?? 0) + 1);
  }

  remove({ classic }: ConsumerMember): void {
    if (classic === null) return;
    this.members--;
    for (const { name } of classic.supportedProtocols) {
      const left = (this.protocols?.get(name) ?? 1) - 1;
      if (left > 0) this.protocols?.set(name, left);
      else this.protocols?.delete(name);
    }
  }

  /** Whether one of these protocols is supported by every classic member; by any when there is none. */
  supportsAny(names: Iterable<string>): boolean {
    for (const name of names) if ((this.protocols?.get(name) ?? 0) === this.members) return true;
    return false;
  }
}
