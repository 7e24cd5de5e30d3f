// A mask as pixels: one byte each, 1 where the picture may be edited, at the picture's own resolution.
//
// Everything is drawn in whole pixels and without soft edges, as `mask create` does: a pixel belongs to a shape when
// its middle lies in it. Coordinates are places between pixels: the pixel (0, 0) goes from 0 to 1.
// `before(x0, y, x1)` is called before a row's pixels x0 up to x1 are changed: the history keeps what was there.

export class Bits {
  constructor(width, height) {
    Object.assign(this, { width, height, data: new Uint8Array(width * height), count: 0, version: 0, before: () => {} });
    this.dirty = null; // what was changed since it was last asked for: {x0, y0, x1, y1}
  }

  get share() { return this.count / this.data.length; }

  /** What was changed since the last time, as {x0, y0, x1, y1}; null for nothing. */
  takeDirty() {
    const found = this.dirty;
    this.dirty = null;
    return found;
  }

  /** Set the pixels x0 up to (without) x1 of a row. */
  row(y, x0, x1, value) {
    if (y < 0 || y >= this.height) return;
    x0 = Math.max(0, x0);
    x1 = Math.min(this.width, x1);
    if (x0 >= x1) return;
    this.before(x0, y, x1);
    const { data } = this;
    let changed = 0;
    for (let at = y * this.width + x0, end = y * this.width + x1; at < end; at += 1) {
      if (data[at] !== value) { data[at] = value; changed += 1; }
    }
    this.count += value ? changed : -changed;
    this.touched(x0, y, x1, y + 1);
  }

  touched(x0, y0, x1, y1) {
    const was = this.dirty;
    this.dirty = was
      ? { x0: Math.min(was.x0, x0), y0: Math.min(was.y0, y0), x1: Math.max(was.x1, x1), y1: Math.max(was.y1, y1) }
      : { x0, y0, x1, y1 };
    this.version += 1;
  }

  /** A round brush of this diameter drawn from one place to another. */
  stroke(from, to, size, value) {
    const r = size / 2;
    const [a, b] = size < 1.5 ? [middle(from), middle(to)] : [from, to];
    const first = Math.floor(Math.min(a.y, b.y) - r), last = Math.ceil(Math.max(a.y, b.y) + r);
    for (let y = Math.max(0, first); y <= Math.min(this.height - 1, last); y += 1) {
      const span = capsule(a, b, r, y + 0.5);
      if (span) this.row(y, Math.ceil(span[0] - 0.5), Math.floor(span[1] - 0.5) + 1, value);
    }
  }

  /** A rectangle of whole pixels, from x0, y0 up to (without) x1, y1. */
  box(x0, y0, x1, y1, value) {
    for (let y = Math.max(0, y0); y < Math.min(this.height, y1); y += 1) this.row(y, x0, x1, value);
  }

  /** A closed polygon; where it overlaps itself twice, it is outside. */
  polygon(corners, value) {
    const ys = corners.map((one) => one.y);
    const first = Math.max(0, Math.ceil(Math.min(...ys) - 0.5)), last = Math.min(this.height, Math.ceil(Math.max(...ys) - 0.5));
    for (let y = first; y < last; y += 1) {
      const crossed = crossings(corners, y).map((x) => Math.ceil(x - 0.5)).sort((one, other) => one - other);
      for (let at = 0; at + 1 < crossed.length; at += 2) this.row(y, crossed[at], crossed[at + 1], value);
    }
  }

  /** The connected area around a pixel that is as it is (side by side, not corner to corner). */
  area(x, y, value) {
    const { width, height, data } = this;
    if (x < 0 || y < 0 || x >= width || y >= height || data[y * width + x] === value) return;
    const seeds = [[x, y]];
    while (seeds.length) {
      const [at, line] = seeds.pop();
      const base = line * width;
      if (data[base + at] === value) continue;
      let x0 = at, x1 = at + 1;
      while (x0 > 0 && data[base + x0 - 1] !== value) x0 -= 1;
      while (x1 < width && data[base + x1] !== value) x1 += 1;
      this.row(line, x0, x1, value);
      for (const next of [line - 1, line + 1]) {
        if (next < 0 || next >= height) continue;
        for (let look = x0, open = false; look < x1; look += 1) {
          const fits = data[next * width + look] !== value;
          if (fits && !open) seeds.push([look, next]);
          open = fits;
        }
      }
    }
  }

  /** Every pixel. */
  all(value) { this.box(0, 0, this.width, this.height, value); }

  /** What may be edited stays, and the other way round. */
  invert() {
    const { width, height, data } = this;
    for (let y = 0; y < height; y += 1) {
      this.before(0, y, width);
      for (let at = y * width, end = at + width; at < end; at += 1) data[at] = 1 - data[at];
    }
    this.count = data.length - this.count;
    this.touched(0, 0, width, height);
  }

  /** Put another mask in: in its place ("replace"), added ("add") or taken away ("subtract"). */
  combine(other, how) {
    const { width, height, data } = this;
    let count = 0;
    for (let y = 0; y < height; y += 1) {
      this.before(0, y, width);
      for (let at = y * width, end = at + width; at < end; at += 1) {
        const given = other[at] > 127 ? 1 : 0;
        data[at] = how === "replace" ? given : how === "add" ? data[at] | given : data[at] & (1 - given);
        count += data[at];
      }
    }
    this.count = count;
    this.touched(0, 0, width, height);
  }
}

const middle = ({ x, y }) => ({ x: Math.floor(x) + 0.5, y: Math.floor(y) + 0.5 });

/** Where a line at this height crosses what is nearer than r to the way from a to b: [from, to], null for nowhere. */
function capsule(a, b, r, y) {
  let low = Infinity, high = -Infinity;
  const meet = (x0, x1) => { low = Math.min(low, x0); high = Math.max(high, x1); };
  for (const end of [a, b]) {
    const left = r * r - (y - end.y) ** 2;
    if (left >= 0) meet(end.x - Math.sqrt(left), end.x + Math.sqrt(left));
  }
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length > 0) {
    const nx = (-(b.y - a.y) / length) * r, ny = ((b.x - a.x) / length) * r;
    const corners = [{ x: a.x + nx, y: a.y + ny }, { x: b.x + nx, y: b.y + ny }, { x: b.x - nx, y: b.y - ny },
      { x: a.x - nx, y: a.y - ny }];
    for (let at = 0; at < 4; at += 1) {
      const one = corners[at], other = corners[(at + 1) % 4];
      if ((one.y - y) * (other.y - y) > 0) continue;
      if (one.y === other.y) { if (one.y === y) meet(Math.min(one.x, other.x), Math.max(one.x, other.x)); continue; }
      const x = one.x + ((other.x - one.x) * (y - one.y)) / (other.y - one.y);
      meet(x, x);
    }
  }
  return low <= high ? [low, high] : null;
}

/** Where the sides of a polygon cross the middle of a row; a side's lower end counts, its upper does not. */
function crossings(corners, row) {
  const y = row + 0.5, found = [];
  corners.forEach((one, at) => {
    const other = corners[(at + 1) % corners.length];
    const low = Math.min(one.y, other.y), high = Math.max(one.y, other.y);
    if (y >= low && y < high) found.push(one.x + ((other.x - one.x) * (y - one.y)) / (other.y - one.y));
  });
  return found;
}
