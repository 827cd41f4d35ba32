/** More characters than any command line has: Linux starts no program with an argument of more than 128 KiB. */
export const LONGEST_EXPANSION = 200_000;

/** How many characters the values of variables may still add. Variables that double one another would fill the memory. */
export class Room {
  private left = LONGEST_EXPANSION;
  private refused = false;

  /** Something did not fit. */
  public get full(): boolean {
    return this.refused;
  }

  /** How many characters are left. */
  public get rest(): number {
    return this.left;
  }

  public take(length: number): boolean {
    if (length > this.left) {
      this.refused = true;
      return false;
    }
    this.left -= length;
    return true;
  }
}
