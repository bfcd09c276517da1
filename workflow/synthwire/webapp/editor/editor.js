// The image with its particles on a canvas; what a hand does goes to Python as a step.
// Coordinates are x, y in image pixels, pixel (column i, row j) covering [i, i+1] × [j, j+1].

const TOOLS = {
  select: ["Select", "v", "Click a particle; Shift adds one; drag moves the image, the wheel zooms."],
  line: ["Line", "l", "Drag along a wire to add it, as wide as the field says; [ and ] change that."],
  polygon: ["Polygon", "p", "Click corners; Enter, a double click or the first corner closes it."],
  split: ["Split", "s", "Drag a stroke right across a particle."],
  end: ["Move end", "e", "Choose a particle; click where its nearer end should be."],
  region: ["Leave out region", "r", "Click corners of a region: particles in it are left out."],
  crop: ["Crop", "c", "Drag a box around what is picture; particles are searched in it alone."],
  bar: ["Scale bar", "b", "Drag along the image's scale bar, from end to end, to measure the pixel size."],
};
const ACTIONS = {
  remove: ["Delete", "Del"], keep: ["Keep", "k"], merge: ["Merge", "m"],
  previous: ["◂ Previous", "Shift+n"], next: ["Next uncertain ▸", "n"],
};
const CORNERS = ["polygon", "region"];
const DRAGGED = ["line", "split", "bar", "crop"];
const STRAIGHT = ["bar", "crop"]; // from where the pointer went down to where it is
const CLOSE_PX = 8; // on the screen: how near to its first corner a polygon is closed

class Editor {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.hint = root.querySelector(".hint");
    this.width = root.querySelector("input[type=number]");
    this.tool = "select";
    this.chosen = new Set();
    this.points = [];
    this.sent = null; // a stroke that Python has not answered yet: { tool, points }
    this.serial = 0;
    this.buttons(root.querySelector(".tools"), TOOLS, (name) => this.take(name));
    this.buttons(root.querySelector(".actions"), ACTIONS, (name) => this.act(name));
    this.draw = this.draw.bind(this);
    document.addEventListener("synthwire-display", this.draw);
    const on = (name, call) => this.canvas.addEventListener(name, call.bind(this), { passive: false });
    on("pointerdown", this.down); on("pointermove", this.move); on("pointerup", this.up);
    on("pointercancel", this.cancel); on("wheel", this.wheel);
    on("dblclick", (event) => { event.preventDefault(); this.close(); });
    this.key = this.key.bind(this);
    document.addEventListener("keydown", this.key, true);
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    this.take("select");
  }

  buttons(place, table, call) {
    for (const [name, [label, key]] of Object.entries(table)) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.name = name;
      button.append(label);
      const hint = document.createElement("kbd");
      hint.textContent = key.length === 1 ? key.toUpperCase() : key;
      button.append(hint);
      button.addEventListener("click", () => call(name));
      place.append(button);
    }
  }

  update(data) {
    const other = !this.data || data.picture !== this.data.picture;
    this.data = data;
    this.sent = null;
    this.paths = data.particles.map((particle) => {
      const path = new Path2D();
      for (const ring of particle.rings) {
        for (let i = 0; i < ring.length; i += 2) path[i ? "lineTo" : "moveTo"](ring[i], ring[i + 1]);
        path.closePath();
      }
      return path;
    });
    const there = new Set(data.particles.map((particle) => particle.id));
    this.chosen = new Set([...this.chosen].filter((id) => there.has(id)));
    // Python chose another one, or these are another search's particles
    if (data.serial !== this.seen || data.result !== this.result) {
      [this.seen, this.result] = [data.serial, data.result];
      this.chosen = new Set(data.picked === null ? [] : [data.picked]);
      this.show(data.picked);
    }
    // a result that was opened again is not searched anew
    this.root.querySelector("[data-name=crop]").disabled = !data.searched;
    this.canvas.setAttribute("aria-label", `${data.particles.length} particles over the image`);
    if (other) {
      this.image = new Image();
      this.image.onload = () => this.draw();
      this.image.src = data.picture;
      this.canvas.style.aspectRatio = `${data.width} / ${data.height}`;
      this.view = null;
      this.resize();
    }
    this.draw();
  }

  resize() {
    if (!this.data || !this.canvas.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
    this.canvas.height = Math.round(this.canvas.clientWidth * ratio * this.data.height / this.data.width);
    this.draw();
  }

  get fit() { return this.canvas.width / this.data.width; }

  // -- the view: { zoom, x, y }, the image's place at the canvas's upper left corner

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.fit * this.view.zoom;
    return [
      this.view.x + (event.clientX - box.left) * (this.canvas.width / box.width) / scale,
      this.view.y + (event.clientY - box.top) * (this.canvas.height / box.height) / scale,
    ];
  }

  zoom(factor, [x, y]) {
    const zoom = Math.min(40, Math.max(1, this.view.zoom * factor));
    const by = this.view.zoom / zoom;
    this.view = { zoom, x: x - (x - this.view.x) * by, y: y - (y - this.view.y) * by };
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), this.at(event));
  }

  show(id) { // bring a particle into sight
    const place = this.data.particles.findIndex((particle) => particle.id === id);
    if (place < 0 || !this.view || this.view.zoom === 1) return;
    const [x, y] = this.data.particles[place].rings[0] || [0, 0];
    const [w, h] = [this.data.width / this.view.zoom, this.data.height / this.view.zoom];
    if (x < this.view.x || y < this.view.y || x > this.view.x + w || y > this.view.y + h)
      this.view = { ...this.view, x: x - w / 2, y: y - h / 2 };
  }

  draw() {
    if (!this.data || !this.canvas.width) return;
    this.view ||= { zoom: 1, x: 0, y: 0 };
    const context = this.canvas.getContext("2d");
    const { zoom } = this.view;
    const [w, h] = [this.data.width / zoom, this.data.height / zoom];
    this.view.x = Math.min(Math.max(this.view.x, 0), this.data.width - w);
    this.view.y = Math.min(Math.max(this.view.y, 0), this.data.height - h);
    const scale = this.fit * zoom;
    const pixel = (window.devicePixelRatio || 1) / scale; // of the screen, in image pixels
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(scale, 0, 0, scale, -this.view.x * scale, -this.view.y * scale);
    context.imageSmoothingEnabled = scale < 3;
    const style = getComputedStyle(this.canvas); // see display.js
    const display = (name, usual) => Number(style.getPropertyValue(name) || usual);
    context.filter = `brightness(${display("--image-brightness", 1)}) contrast(${display("--image-contrast", 1)})`;
    if (this.image?.complete && this.image.naturalWidth)
      context.drawImage(this.image, 0, 0, this.data.width, this.data.height);
    context.filter = "none";
    if (this.data.part) { // beyond it nothing was searched
      const [left, top, right, bottom] = this.data.part;
      context.fillStyle = "#0008";
      context.beginPath();
      context.rect(0, 0, this.data.width, this.data.height);
      context.rect(left, top, right - left, bottom - top);
      context.fill("evenodd");
    }
    const opacity = display("--particle-opacity", 0.28);
    this.data.particles.forEach((particle, number) => {
      const chosen = this.chosen.has(particle.id);
      context.globalAlpha = particle.out ? 0 : opacity;
      context.fillStyle = particle.colour;
      context.fill(this.paths[number], "evenodd");
      context.globalAlpha = 1;
      context.setLineDash(particle.out ? [2 * pixel, 3 * pixel] : []);
      context.lineWidth = (chosen ? 3.2 : 1.6) * pixel;
      context.strokeStyle = chosen || particle.out ? "#FFFFFF" : particle.colour;
      context.stroke(this.paths[number]);
    });
    context.setLineDash([]);
    if (this.sent) this.drawStroke(context, pixel, this.sent.tool, this.sent.points);
    const follows = CORNERS.includes(this.tool) && this.pointer ? [this.pointer] : [];
    if (this.points.length) this.drawStroke(context, pixel, this.tool, [...this.points, ...follows]);
  }

  drawStroke(context, pixel, tool, points) {
    const path = new Path2D();
    const [[left, top], last] = [points[0], points.at(-1)];
    if (tool === "crop") path.rect(left, top, last[0] - left, last[1] - top);
    else points.forEach(([x, y], i) => path[i ? "lineTo" : "moveTo"](x, y));
    if (tool === "line") {
      context.globalAlpha = 0.4;
      context.lineWidth = Number(this.width.value);
      context.strokeStyle = "#F0E442";
      context.stroke(path);
      context.globalAlpha = 1;
    }
    context.lineWidth = 2 * pixel;
    context.strokeStyle = tool === "split" ? "#D55E00" : "#F0E442";
    context.stroke(path);
  }

  // -- what the pointer does

  hit([x, y]) { // the ids under a point, the last drawn first
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    return this.data.particles
      .filter((_, number) => context.isPointInPath(this.paths[number], x, y, "evenodd"))
      .map((particle) => particle.id).reverse();
  }

  down(event) {
    if (!this.data || event.button > 1) return;
    this.canvas.focus();
    this.canvas.setPointerCapture(event.pointerId);
    const point = this.at(event);
    this.from = { screen: [event.clientX, event.clientY], view: { ...this.view }, moved: false };
    if (CORNERS.includes(this.tool)) {
      const first = this.points[0];
      const near = CLOSE_PX * this.data.width / this.canvas.clientWidth / this.view.zoom;
      if (first && this.points.length > 2 &&
          Math.hypot(first[0] - point[0], first[1] - point[1]) < near) return this.close();
      this.points.push(point);
    } else if (DRAGGED.includes(this.tool)) this.points = [point];
    this.draw();
  }

  move(event) {
    if (!this.data || !this.view) return;
    const point = this.at(event);
    if (CORNERS.includes(this.tool) && this.points.length) {
      this.pointer = point;
      return this.draw();
    }
    if (!this.from) return;
    const [dx, dy] = [event.clientX - this.from.screen[0], event.clientY - this.from.screen[1]];
    this.from.moved ||= Math.hypot(dx, dy) > 3;
    if (this.tool === "select" || this.tool === "end") {
      const by = this.data.width / this.canvas.clientWidth / this.view.zoom;
      this.view = { ...this.view, x: this.from.view.x - dx * by, y: this.from.view.y - dy * by };
    } else if (event.shiftKey || STRAIGHT.includes(this.tool)) this.points = [this.points[0], point];
    else this.points.push(point);
    this.draw();
  }

  up(event) {
    const from = this.from;
    this.from = null;
    if (!from || !this.data) return;
    const point = this.at(event);
    if (this.tool === "select") {
      if (!from.moved) this.choose(this.hit(point), event.shiftKey);
    } else if (this.tool === "end") {
      if (from.moved) return;
      const [id] = this.chosen;
      if (this.chosen.size === 1 && !(event.shiftKey)) this.say({ kind: "end", ids: [id], points: [point] });
      else this.choose(this.hit(point), false);
    } else if (!CORNERS.includes(this.tool)) {
      const points = this.points;
      this.points = [];
      if (from.moved) this.finish(points);
    }
    this.draw();
  }

  say(step) { // to Python; what it will draw is shown at once, as far as it is known here
    const { kind, ids, points } = step;
    if (points?.length > 1) this.sent = { tool: this.tool, points };
    for (const particle of this.data.particles)
      if (["remove", "keep"].includes(kind) && ids.includes(particle.id)) particle.out = kind === "remove";
    this.draw();
    this.send(step);
  }

  finish(points) {
    if (this.tool === "line") this.say({ kind: "line", points, width: Number(this.width.value) });
    else if (STRAIGHT.includes(this.tool)) this.say({ kind: this.tool, points });
    else if (this.tool === "split") {
      const ids = [...this.chosen];
      // the chosen one, or whatever lies under the middle of the stroke
      const crossed = points.slice(1).flatMap((end, i) => [0.25, 0.5, 0.75, 1].map((part) =>
        [points[i][0] + part * (end[0] - points[i][0]), points[i][1] + part * (end[1] - points[i][1])]));
      const under = [...new Set(crossed.flatMap((point) => this.hit(point)))];
      const candidates = under.filter((id) => !this.data.particles.find((item) => item.id === id).out);
      this.say({ kind: "split", ids: ids.length === 1 ? ids : candidates, points });
    }
  }

  close() {
    const points = this.points;
    this.points = [];
    this.pointer = null;
    if (points.length > 2) this.say({ kind: this.tool, points });
    this.draw();
  }

  cancel() {
    this.points = [];
    this.pointer = this.from = null;
    this.draw();
  }

  choose(ids, more) {
    // a further click on the same place reaches what lies below
    const last = ids.findIndex((id) => this.chosen.has(id));
    const id = ids.length ? ids[(last + 1) % ids.length] : undefined;
    if (!more) this.chosen = new Set(id === undefined ? [] : [id]);
    else if (ids.length) this.chosen.has(ids[0]) ? this.chosen.delete(ids[0]) : this.chosen.add(ids[0]);
    this.say({ kind: "pick", ids: [...this.chosen] });
  }

  // -- tools, actions, keys

  take(name) {
    this.tool = name;
    this.points = [];
    for (const button of this.root.querySelectorAll(".tools button"))
      button.setAttribute("aria-pressed", button.dataset.name === name);
    this.canvas.style.cursor = name === "select" ? "pointer" : "crosshair";
    this.hint.textContent = TOOLS[name][2];
    this.draw();
  }

  act(name) {
    const ids = [...this.chosen];
    if (["remove", "keep", "merge"].includes(name) && !ids.length) {
      this.hint.textContent = "Choose a particle first.";
      return;
    }
    this.say({ kind: name, ids });
  }

  key(event) {
    if (!this.root.isConnected) {
      document.removeEventListener("synthwire-display", this.draw);
      return document.removeEventListener("keydown", this.key, true);
    }
    const target = event.composedPath()[0];
    const typing = target.matches?.("input:not([type=range]), textarea, [contenteditable=true]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !this.data) return;
    const key = event.key.toLowerCase();
    const tool = Object.keys(TOOLS).find((name) => TOOLS[name][1] === key);
    const centre = [this.view.x + this.data.width / this.view.zoom / 2,
                    this.view.y + this.data.height / this.view.zoom / 2];
    const wide = (by) => { this.width.value = Math.max(1, Number(this.width.value) + by); this.draw(); };
    const calls = {
      delete: () => this.act("remove"), backspace: () => this.act("remove"), k: () => this.act("keep"),
      m: () => this.act("merge"), n: () => this.act(event.shiftKey ? "previous" : "next"),
      enter: () => CORNERS.includes(this.tool) && this.close(),
      escape: () => this.points.length ? this.cancel() : this.choose([], false),
      "[": () => wide(-1), "]": () => wide(1),
      "+": () => this.zoom(1.25, centre), "-": () => this.zoom(0.8, centre), "0": () => this.zoom(0, centre),
    };
    if (key === "enter" && target.matches?.("button, summary, [role=radio]")) return;
    if (tool === "crop" && !this.data.searched) return;
    const call = tool ? () => this.take(tool) : calls[key];
    if (!call) return;
    event.preventDefault();
    event.stopPropagation();
    call();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".editor");
  const editor = (root.editor ||= new Editor(root));
  editor.send = (step) => setTriggerValue("step", { ...step, serial: ++editor.serial });
  editor.update(data);
}
