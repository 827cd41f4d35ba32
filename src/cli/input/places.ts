import { Path } from '../../manifests/json';

/**
 * The lines of the keys and items of documents, as they are written: nodes in the order of the text, each with the number of the node that
 * follows all that is inside of it. Sixteen bytes a node, so it is kept for all of the input.
 */
export class Places {
  private readonly keys: Array<string | undefined> = [];
  private lines = new Uint32Array(1024);
  private ends = new Uint32Array(1024);
  /** What an alias is for, by its node. */
  private readonly aliases = new Map<number, number>();

  /** The number of the next node. */
  public get next(): number {
    return this.keys.length;
  }

  /** Begins the node of a document, an item, or, with a key, of a value in a map; returns its number. */
  public begin(line: number, key?: string): number {
    const node = this.keys.push(key) - 1;
    if (node === this.lines.length) {
      this.lines = larger(this.lines);
      this.ends = larger(this.ends);
    }
    this.lines[node] = line;
    this.ends[node] = node + 1;
    return node;
  }

  public end(node: number): void {
    this.ends[node] = this.next;
  }

  /** The same nodes again, with the first in another line. */
  public copy(node: number, line: number): void {
    const [nodes, lines] = [this.next - node, line - this.lines[node]];
    const end = this.ends[node];
    for (let one = node; one < end; one++) {
      const copied = this.begin(this.lines[one] + lines, this.keys[one]);
      this.ends[copied] = this.ends[one] + nodes;
    }
  }

  public alias(node: number, target: number): void {
    this.aliases.set(node, target);
  }

  /** The line of the deepest part of a path that is there, from 1. */
  public line(root: number, path: Path): number {
    let here = root;
    for (const step of path) {
      const found = this.child(this.aliases.get(here) ?? here, step);
      if (found === undefined) break;
      here = found;
    }
    return this.lines[here];
  }

  /** The node of a key, if nothing follows it. */
  public last(root: number, key: string): number | undefined {
    const found = this.child(root, key);
    return found !== undefined && this.ends[found] === this.next ? found : undefined;
  }

  public children(parent: number): number[] {
    const found: number[] = [];
    for (let node = parent + 1; node < this.ends[parent]; node = this.ends[node]) found.push(node);
    return found;
  }

  private child(parent: number, step: string | number): number | undefined {
    let found: number | undefined;
    let index = 0;
    for (let node = parent + 1; node < this.ends[parent]; node = this.ends[node], index += 1) {
      const key = this.keys[node];
      // Of a key that is there twice the last one counts.
      if (key === undefined ? index === step : key === String(step)) found = node;
    }
    return found;
  }
}

function larger(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const copy = new Uint32Array(array.length * 2);
  copy.set(array);
  return copy;
}
