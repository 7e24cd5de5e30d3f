// The stage: three canvases on each other, of the page's own device pixels. The picture, the mask, and what a tool
// shows while it is used. Only what is in sight is ever drawn.

import { h } from "../../dom.js";
import { fromHex, paint, palette } from "./paint.js";
import { View } from "./view.js";

const SMALL = 2048; // a picture larger than this has smaller copies, so that looking at all of it is quick

export class Stage {
  /** `draw(context, view)` draws what the tool shows; `measured()` is called when the stage has another size. */
  constructor(size, draw, measured) {
    this.view = new View(size);
    Object.assign(this, { draw, measured });
    this.layers = ["picture", "tint", "marks"].map((name) => h(`canvas.${name}`, { "aria-hidden": "true" }));
    this.element = h("div.stage",
      { tabindex: "0", role: "group",
        "aria-label": "The picture with its mask. To draw without a pointer, use “Box by numbers”." },
      this.layers);
    this.contexts = this.layers.map((layer) => layer.getContext("2d"));
    Object.assign(this, { levels: [], bits: null, weights: null, known: "none", tint: "#ffd60a", opacity: 0.45,
      wanted: new Set(), frame: 0 });
    this.watcher = new ResizeObserver(() => this.measure());
    this.watcher.observe(this.element);
  }

  close() {
    this.watcher.disconnect();
    cancelAnimationFrame(this.frame);
    this.levels.forEach((level) => level.close());
  }

  /** The picture below, from its address. Throws what the browser throws for one that it cannot show. */
  async load(address) {
    const reply = await fetch(address, { credentials: "same-origin" });
    this.levels = [await createImageBitmap(await reply.blob())]; // beside the page's own work, unlike an <img>
    this.refresh("picture");
    for (let [width, height] = this.view.size; Math.max(width, height) > SMALL;) {
      [width, height] = [Math.ceil(width / 2), Math.ceil(height / 2)];
      this.levels.push(await createImageBitmap(this.levels.at(-1), { resizeWidth: width, resizeHeight: height, resizeQuality: "medium" }));
    }
    this.refresh("picture");
  }

  measure() {
    const box = this.element.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(box.width * ratio)), height = Math.max(1, Math.round(box.height * ratio));
    if (width === this.view.width && height === this.view.height && ratio === this.view.ratio) return;
    for (const layer of this.layers) Object.assign(layer, { width, height });
    this.view.resize(width, height, ratio);
    this.refresh("picture", "tint", "marks");
    this.flush(); // a canvas that was given a size is empty: no frame is to show it so
    this.measured();
  }

  /** Draw these layers with the next frame: picture, tint, marks; "dirty": what of the mask has changed. */
  refresh(...names) {
    names.forEach((name) => this.wanted.add(name));
    this.frame ||= requestAnimationFrame(() => this.flush());
  }

  refreshAll() { this.refresh("picture", "tint", "marks"); }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const wanted = this.wanted;
    this.wanted = new Set();
    if (wanted.has("picture")) this.drawPicture();
    if (wanted.has("tint")) this.drawTint();
    else if (wanted.has("dirty")) this.drawDirty();
    if (wanted.has("marks")) this.drawMarks();
  }

  drawPicture() {
    const [context] = this.contexts, { view } = this;
    context.clearRect(0, 0, view.width, view.height);
    const level = this.levels.findLast((_, at) => view.scale * 2 ** at <= 1) ?? this.levels[0];
    if (!level) return;
    context.imageSmoothingEnabled = view.scale < 3; // from there on pixels are to be seen
    context.imageSmoothingQuality = "medium";
    context.drawImage(level, view.x, view.y, view.size[0] * view.scale, view.size[1] * view.scale);
  }

  drawTint() {
    this.bits?.takeDirty();
    this.paintPart(0, 0, this.view.width, this.view.height);
  }

  drawDirty() {
    const changed = this.bits?.takeDirty();
    if (!changed) return;
    const { view } = this, room = this.thick + 1;
    const from = view.toStage({ x: changed.x0, y: changed.y0 }), to = view.toStage({ x: changed.x1, y: changed.y1 });
    this.paintPart(Math.floor(from.x) - room, Math.floor(from.y) - room, Math.ceil(to.x) + room, Math.ceil(to.y) + room);
  }

  get thick() { return Math.max(1, Math.round(this.view.ratio)); }

  paintPart(x0, y0, x1, y1) {
    const { view, bits, weights, known } = this;
    [x0, y0, x1, y1] = [Math.max(0, x0), Math.max(0, y0), Math.min(view.width, x1), Math.min(view.height, y1)];
    if (!bits || x0 >= x1 || y0 >= y1) return;
    const tint = fromHex(this.tint);
    const shown = { bits, weights, known, tint, thick: this.thick, palette: palette(tint, this.opacity, known) };
    this.contexts[1].putImageData(paint(view, { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }, shown), x0, y0);
  }

  drawMarks() {
    const context = this.contexts[2];
    context.clearRect(0, 0, this.view.width, this.view.height);
    context.lineWidth = this.thick;
    this.draw(context, this.view);
  }

  /** Where an event happened, in device pixels of the stage. */
  at(event) {
    const box = this.element.getBoundingClientRect();
    return { x: ((event.clientX - box.left) * this.view.width) / box.width,
      y: ((event.clientY - box.top) * this.view.height) / box.height };
  }
}
