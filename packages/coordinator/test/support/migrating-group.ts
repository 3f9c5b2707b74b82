// Groups on their way between the protocols (KIP-848): one of two classic members, and the same with a member of the consumer protocol.

import assert from "node:assert/strict";
import { ClassicClient } from "./classic-client.ts";
import { Consumer, ConsumerDriver, GROUP } from "./consumer-driver.ts";

/** A Stable classic group of two members at generation 1: the first leads and has t 0 1, the second has t 2. */
export function classicGroup(config: ConstructorParameters<typeof ConsumerDriver>[1] = {}): {
  driver: ConsumerDriver;
  first: ClassicClient;
  second: ClassicClient;
} {
  const driver = new ConsumerDriver({ t: 3 }, config);
  const [first, second] = [new ClassicClient(driver), new ClassicClient(driver)];
  for (const client of [first, second]) client.memberId = client.join().answer.memberId;
  const joins = [first.join(), second.join()];
  driver.advance(0);
  first.joined(joins[0]!);
  second.joined(joins[1]!);
  second.sync();
  first.sync(
    new Map([
      [first.memberId, "t 0 1"],
      [second.memberId, "t 2"],
    ]),
  );
  second.sync();
  assert.deepEqual([first.owned, second.owned, stateOf(driver)], ["t 0 1", "t 2", "classic Stable"]);
  driver.records();
  return { driver, first, second };
}

/** The same group after a consumer "c" has joined and all have what they shall have. */
export function mixedGroup(config: ConstructorParameters<typeof ConsumerDriver>[1] = {}): ReturnType<
  typeof classicGroup
> & {
  consumer: Consumer;
} {
  const { driver, first, second } = classicGroup(config);
  const consumer = new Consumer(driver, "c");
  for (let round = 0; round < 6; round++) {
    consumer.poll();
    first.poll();
    second.poll();
  }
  assert.equal(stateOf(driver), "consumer Stable");
  driver.records();
  return { driver, first, second, consumer };
}

/** "classic Stable": the type of the group and its state; "none" when there is none. */
export function stateOf(driver: ConsumerDriver): string {
  const group = driver.harness.shard.context.groups.get(GROUP);
  return group === undefined ? "none" : `${group.type} ${group.stateName()}`;
}
