// What the application has in its hands: the record of each loop, what the last `poll` returned, the batch of each loop. It is done with it
// when it comes back for more, or when it says `commit()`. Who left a loop has its last record aside: nobody works on it, but whether it was
// processed or threw cannot be told from here, so it counts as done only when the application comes back for another.

export interface Hand {
  /** The application is done with what it holds. */
  finish(): void;
  /** Nobody waits for the application to be done with what it holds. */
  setAside(): void;
}

export class Hands {
  private readonly holding = new Set<Hand>();
  private readonly aside = new Set<Hand>();

  /** It may hold something from now on. */
  add(hand: Hand): void {
    this.holding.add(hand);
  }

  /** Everything is given back now: what the application holds is waited for no longer, and is not done. */
  letGo(): void {
    for (const hand of this.holding) hand.setAside();
  }

  /** It holds nothing any more, and will not. */
  remove(hand: Hand): void {
    this.holding.delete(hand);
    this.aside.delete(hand);
  }

  /** Its loop was left. */
  setAside(hand: Hand): void {
    hand.setAside();
    this.holding.delete(hand);
    this.aside.add(hand);
  }

  /** The application comes back for more: it is done with what it left. */
  finishAside(): void {
    if (this.aside.size === 0) return;
    for (const hand of this.aside) hand.finish();
    this.aside.clear();
  }

  /** The application says that it is done with all it got. */
  finishAll(): void {
    for (const hand of this.holding) hand.finish();
    this.finishAside();
  }
}
