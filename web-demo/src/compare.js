// Before and after in one frame, with a boundary, zoom and panning.

export class Compare {
  constructor({ frame, before, after, cut, zoom }) {
    Object.assign(this, { frame, before, after, cut, zoom });
    this.pointers = new Map();
    cut.addEventListener('input', () => frame.style.setProperty('--cut', `${cut.value}%`));
    zoom.addEventListener('input', () => this.zoomTo(this.fitted * (this.most / this.fitted) ** (zoom.value / 100)));
    frame.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoomTo(this.level * 1.0015 ** -event.deltaY, this.at(event));
    }, { passive: false });
    frame.addEventListener('pointerdown', (event) => this.down(event));
    frame.addEventListener('pointermove', (event) => this.move(event));
    for (const kind of ['pointerup', 'pointercancel']) frame.addEventListener(kind, (e) => this.pointers.delete(e.pointerId));
    new ResizeObserver(() => this.after.width && this.fit()).observe(frame);
  }

  /** Both pictures have the size of the result on screen. */
  show() {
    for (const canvas of [this.before, this.after]) {
      canvas.style.width = `${this.after.width}px`;
      canvas.style.height = `${this.after.height}px`;
    }
    this.fit();
  }

  /** Display pixels of a pixel of the result. */
  get fitted() {
    return Math.min(this.frame.clientWidth / this.after.width, this.frame.clientHeight / this.after.height, 1);
  }

  get most() {
    return Math.max(8 / devicePixelRatio, this.fitted * 2);
  }

  fit() {
    this.level = this.fitted;
    this.x = (this.frame.clientWidth - this.after.width * this.level) / 2;
    this.y = (this.frame.clientHeight - this.after.height * this.level) / 2;
    this.place();
  }

  zoomTo(level, [x, y] = [this.frame.clientWidth / 2, this.frame.clientHeight / 2]) {
    level = Math.min(this.most, Math.max(this.fitted, level));
    this.x = x - ((x - this.x) * level) / this.level;
    this.y = y - ((y - this.y) * level) / this.level;
    this.level = level;
    this.place();
  }

  place() {
    const inside = (offset, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, offset)));
    this.x = inside(this.x, this.after.width * this.level, this.frame.clientWidth);
    this.y = inside(this.y, this.after.height * this.level, this.frame.clientHeight);
    for (const canvas of [this.before, this.after]) {
      canvas.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.level})`;
      canvas.style.imageRendering = this.level * devicePixelRatio > 3 && canvas === this.after ? 'pixelated' : 'auto';
    }
    this.zoom.value = (100 * Math.log(this.level / this.fitted)) / Math.log(this.most / this.fitted);
  }

  at(event) {
    const box = this.frame.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    this.frame.setPointerCapture(event.pointerId);
    const boundary = (this.cut.value / 100) * this.frame.clientWidth;
    this.cutting = this.pointers.size === 0 && Math.abs(this.at(event)[0] - boundary) < 16;
    this.pointers.set(event.pointerId, this.at(event));
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    if (this.cutting) {
      this.cut.value = (100 * now[0]) / this.frame.clientWidth;
      this.cut.dispatchEvent(new Event('input'));
    } else if (this.pointers.size === 1) {
      this.x += now[0] - before[0];
      this.y += now[1] - before[1];
      this.place();
    } else {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      this.zoomTo((this.level * apart(now)) / apart(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
    }
    this.pointers.set(event.pointerId, now);
  }
}
