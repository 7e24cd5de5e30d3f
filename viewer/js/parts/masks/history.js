// Undo and redo for a mask: what was there before, in small squares, eight pixels to a byte.
//
// Only squares that a step has changed are kept: a stroke over a large picture costs kilobytes, turning all of
// a picture of 8K around costs 4 MB. What is undone and what is redone change places, so one copy is enough.

const SIDE = 64;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_STEPS = 500;

export class History {
  constructor(bits) {
    Object.assign(this, { bits, done: [], undone: [], bytes: 0, step: null });
    this.across = Math.ceil(bits.width / SIDE);
    bits.before = (x0, y, x1) => this.keep(x0, y, x1);
  }

  get canUndo() { return this.done.length > 0; }
  get canRedo() { return this.undone.length > 0; }

  /** What is drawn from now on is one step. */
  begin(words) { this.step = { words, squares: new Map(), count: this.bits.count }; }

  /** The step is whole. Returns whether it has changed anything. */
  end() {
    const { step } = this;
    this.step = null;
    if (!step) return false;
    for (const [square, was] of step.squares) if (same(was, this.pack(square))) step.squares.delete(square);
    if (!step.squares.size) return false;
    this.bytes -= this.undone.reduce((sum, one) => sum + one.bytes, 0);
    this.undone = [];
    step.bytes = [...step.squares.values()].reduce((sum, one) => sum + one.length, 0);
    this.done.push(step);
    this.bytes += step.bytes;
    while (this.done.length > 1 && (this.bytes > MOST_BYTES || this.done.length > MOST_STEPS)) this.bytes -= this.done.shift().bytes;
    return true;
  }

  /** Take back what was drawn since `begin`. */
  cancel() {
    const { step } = this;
    this.step = null;
    if (step) this.swap(step);
  }

  /** Take back the last step, or do it again. Returns its words, null when there was none. */
  undo() { return this.move(this.done, this.undone); }
  redo() { return this.move(this.undone, this.done); }

  move(from, to) {
    const step = from.pop();
    if (!step) return null;
    this.swap(step);
    to.push(step);
    return step.words;
  }

  swap(step) {
    const count = this.bits.count;
    for (const [square, was] of step.squares) {
      const now = this.pack(square);
      this.unpack(square, was);
      step.squares.set(square, now);
    }
    this.bits.count = step.count;
    step.count = count;
  }

  keep(x0, y, x1) {
    if (!this.step) return;
    const base = Math.floor(y / SIDE) * this.across;
    for (let square = base + Math.floor(x0 / SIDE); square <= base + Math.floor((x1 - 1) / SIDE); square += 1) {
      if (!this.step.squares.has(square)) this.step.squares.set(square, this.pack(square));
    }
  }

  place(square) {
    const x0 = (square % this.across) * SIDE, y0 = Math.floor(square / this.across) * SIDE;
    return { x0, y0, x1: Math.min(x0 + SIDE, this.bits.width), y1: Math.min(y0 + SIDE, this.bits.height) };
  }

  pack(square) {
    const { x0, y0, x1, y1 } = this.place(square);
    const { data, width } = this.bits;
    const packed = new Uint8Array(Math.ceil((x1 - x0) / 8) * (y1 - y0));
    for (let y = y0, to = 0; y < y1; y += 1) {
      for (let at = y * width + x0, end = y * width + x1; at < end; at += 8, to += 1) {
        let byte = 0;
        for (let bit = 0, most = Math.min(8, end - at); bit < most; bit += 1) byte |= data[at + bit] << bit;
        packed[to] = byte;
      }
    }
    return packed;
  }

  unpack(square, packed) {
    const { x0, y0, x1, y1 } = this.place(square);
    const { data, width } = this.bits;
    for (let y = y0, from = 0; y < y1; y += 1) {
      for (let at = y * width + x0, end = y * width + x1; at < end; at += 8, from += 1) {
        for (let bit = 0, most = Math.min(8, end - at), byte = packed[from]; bit < most; bit += 1) data[at + bit] = (byte >> bit) & 1;
      }
    }
    this.bits.touched(x0, y0, x1, y1);
  }
}

const same = (one, other) => one.every((value, at) => value === other[at]);
