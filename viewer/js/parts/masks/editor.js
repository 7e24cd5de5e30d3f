// The editor: a mask, its history, the stage that shows it, and the tool in hand. It knows nothing of files.

import { Bits } from "./bits.js";
import { History } from "./history.js";
import { listen } from "./pointers.js";
import { Stage } from "./stage.js";
import { tools } from "./tools.js";

const LARGEST = 1000; // of the brush, in pixels of the picture

export class Editor {
  /** `size`: the picture's [width, height]. `told` has changed(), moved(place or null), hint(words), tool(), viewed(). */
  constructor(size, told, signal) {
    Object.assign(this, { told, tool: "brush", taking: false, size: Math.max(8, Math.round(Math.max(...size) / 24)),
      at: null, shift: false });
    this.stage = new Stage(size, (context, view) => this.tools[this.tool].marks(context, view, this.at), () => told.viewed());
    this.view = this.stage.view;
    this.tools = tools(this);
    this.put(new Bits(...size));
    listen(this.stage, this.hands(), signal);
    signal.addEventListener("abort", () => this.stage.close());
  }

  /** Another mask, without a history. */
  put(bits) {
    this.bits = this.stage.bits = bits;
    this.history = new History(bits);
    this.forgetWeights();
    this.stage.refresh("tint");
  }

  /** 1 adds, 0 takes away; Shift turns it round for a moment. */
  get value() { return this.taking !== this.shift ? 0 : 1; }

  hands() {
    const using = (name) => (place, event) => {
      this.at = place;
      this.shift = Boolean(event?.shiftKey);
      this.tools[this.tool][name](place, event);
      this.told.moved(place);
      this.marks();
    };
    return {
      down: using("down"), move: using("move"), up: using("up"), cancel: () => this.tools[this.tool].cancel(),
      hover: (place) => { this.at = place; this.told.moved(place); this.marks(); },
      leave: () => { this.at = null; this.told.moved(null); this.marks(); },
      resize: (by) => this.resize(by),
      viewed: () => this.told.viewed(),
    };
  }

  choose(tool) {
    this.tools[this.tool].cancelAll?.();
    this.tool = tool;
    this.hint("");
    this.told.tool();
    this.marks();
  }

  /** A key that the tool in hand understands while it is used. Returns false for one it does not. */
  key(name) { return this.tools[this.tool].keys?.[name]?.call(this.tools[this.tool]) ?? false; }

  /** The brush larger (1) or smaller (-1), by about a sixth. */
  resize(by) {
    this.setSize(by > 0
      ? Math.max(this.size + 1, Math.round(this.size * 1.18))
      : Math.min(this.size - 1, Math.round(this.size / 1.18)));
  }

  setSize(size) {
    this.size = Math.min(LARGEST, Math.max(1, Math.round(size) || 1));
    this.told.tool();
    this.marks();
  }

  /** One step of the history. */
  change(words, make) {
    this.history.begin(words);
    make();
    this.drawn();
  }

  drawing() { this.staleWeights(); this.stage.refresh("dirty"); }
  drawn() { const changed = this.history.end(); if (changed) { this.staleWeights(); this.told.changed(); } this.stage.refresh("dirty"); }
  undrawn() { this.history.cancel(); this.stage.refresh("dirty"); }

  undo() { return this.moved(this.history.undo()); }
  redo() { return this.moved(this.history.redo()); }

  moved(words) {
    if (words === null) return null;
    this.staleWeights();
    this.told.changed();
    this.stage.refresh("dirty");
    return words;
  }

  /** What compositing makes of the mask as it is, 0-255 a pixel. */
  setWeights(weights) { Object.assign(this.stage, { weights, known: "new" }); this.stage.refresh("tint"); }
  forgetWeights() { Object.assign(this.stage, { weights: null, known: "none" }); this.stage.refresh("tint"); }
  staleWeights() { if (this.stage.known === "new") { this.stage.known = "old"; this.stage.refresh("tint"); } }

  zoom(how) {
    const { view } = this;
    if (how === "fit") view.fit(); else if (how === "whole") view.zoomTo(view.ratio); else view.zoomBy(how);
    this.stage.refreshAll();
    this.told.viewed();
  }

  pan(x, y) {
    this.view.panBy(x * this.view.ratio, y * this.view.ratio);
    this.stage.refreshAll();
  }

  marks() { this.stage.refresh("marks"); }
  hint(words) { this.told.hint(words); }
}
