// Which part of a picture a stage shows: scale (device pixels a picture's pixel) and where its corner lies.

const MOST = 32; // of the page's pixels for one of the picture's, at most; as where pictures are compared
const KEPT = 48; // device pixels of the picture that stay in sight, however it is moved

export class View {
  /** `size`: the picture's [width, height]. */
  constructor(size) { Object.assign(this, { size, width: 1, height: 1, scale: 1, x: 0, y: 0, ratio: 1, fitted: true }); }

  /** The stage is this large now, in device pixels; `ratio` of them are one of the page's. */
  resize(width, height, ratio) {
    const [midX, midY] = [this.toPicture(this.width / 2, this.height / 2).x, this.toPicture(this.width / 2, this.height / 2).y];
    Object.assign(this, { width, height, ratio });
    if (this.fitted) this.fit();
    else { this.x = width / 2 - midX * this.scale; this.y = height / 2 - midY * this.scale; this.hold(); }
  }

  get fitScale() { return Math.min(this.width / this.size[0], this.height / this.size[1], 8 * this.ratio); }

  fit() {
    this.scale = this.fitScale;
    this.x = (this.width - this.size[0] * this.scale) / 2;
    this.y = (this.height - this.size[1] * this.scale) / 2;
    this.fitted = true;
  }

  /** Another scale, with one place of the stage staying where it is. */
  zoomTo(scale, x = this.width / 2, y = this.height / 2) {
    const next = Math.min(MOST * this.ratio, Math.max(Math.min(this.fitScale / 2, this.ratio), scale));
    this.x = x - ((x - this.x) * next) / this.scale;
    this.y = y - ((y - this.y) * next) / this.scale;
    this.scale = next;
    this.fitted = false;
    this.hold();
  }

  zoomBy(factor, x, y) { this.zoomTo(this.scale * factor, x, y); }

  panBy(x, y) {
    this.x += x;
    this.y += y;
    this.fitted = false;
    this.hold();
  }

  hold() {
    this.x = Math.min(this.width - KEPT, Math.max(KEPT - this.size[0] * this.scale, this.x));
    this.y = Math.min(this.height - KEPT, Math.max(KEPT - this.size[1] * this.scale, this.y));
  }

  /** A place of the stage, in device pixels, as a place of the picture. */
  toPicture(x, y) { return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale }; }
  toStage({ x, y }) { return { x: x * this.scale + this.x, y: y * this.scale + this.y }; }
}
