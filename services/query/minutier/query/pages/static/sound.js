// What is heard of a recording: its mix or, where nobody mixed it, the track of one participant at a time.
// Places are in seconds of the recording, wherever in it a track begins.

const LOOK_MS = 100;

/**
 * Plays the parts `{id, src, from, to}`, one at a time. One part needs one audio element; several need two, of
 * which the second is made ready with what is heard next. Where the part that is heard has nothing, time goes on without a sound.
 *
 * Tells of itself by the events `change` (it plays or no longer does, or is elsewhere), `lost` and `found`.
 */
export class Sound extends EventTarget {
  #elements;
  #parts;
  #length;
  #part;
  #place = 0;
  #since = 0;
  #playing = false;

  constructor(elements, parts, length) {
    super();
    this.#elements = [...elements];
    this.#parts = parts.map((part) => ({ ...part }));
    this.#length = length;
    this.#part = this.#parts.find((part) => covers(part, 0)) ?? this.#parts[0];
    this.#load(this.#element, this.#part);
    for (const element of elements) this.#connect(element);
    setInterval(() => this.#look(), LOOK_MS);
  }

  get playing() {
    return this.#playing;
  }

  get here() {
    const element = this.#element;
    if (covers(this.#part, this.#place) && element.readyState) return this.#part.from + element.currentTime;
    return this.#place + (this.#silent ? ((performance.now() - this.#since) / 1000) * this.rate : 0);
  }

  get rate() {
    return this.#element.defaultPlaybackRate;
  }

  set rate(rate) {
    if (this.#silent) this.#go(this.here);
    for (const element of this.#elements) element.defaultPlaybackRate = element.playbackRate = rate;
  }

  seek(seconds) {
    this.#go(seconds);
    this.#run();
  }

  play() {
    if (this.#place >= this.#end) this.#go(0);
    this.#playing = true;
    this.#since = performance.now();
    this.#run();
    this.#tell("change");
  }

  pause() {
    if (this.#silent) this.#go(this.here);
    this.#playing = false;
    this.#element.pause();
    this.#tell("change");
  }

  /** Hear this part from here on; whether that is another. */
  hear(id) {
    const part = this.#find(id);
    if (!part || part === this.#part) return false;
    const [before, place] = [this.#element, this.here];
    this.#elements.reverse();
    this.#part = part;
    this.#load(this.#element, part);
    before.pause();
    this.#go(place);
    this.#run();
    return true;
  }

  /** Have a part ready that will be heard from `seconds` on. */
  prepare(id, seconds) {
    const [part, spare] = [this.#find(id), this.#elements[1]];
    if (!part || part === this.#part || !covers(part, seconds)) return;
    this.#load(spare, part);
    spare.preload = "auto";
    spare.currentTime = seconds - part.from;
  }

  again() {
    this.#element.load();
    this.#go(this.#place);
  }

  get #element() {
    return this.#elements[0];
  }

  get #end() {
    return this.#parts.length > 1 ? this.#length : this.#part.to;
  }

  /** Whether time goes on by itself, as there is nothing to hear. */
  get #silent() {
    return this.#playing && !covers(this.#part, this.#place);
  }

  #find(id) {
    return this.#parts.find((part) => part.id === id);
  }

  #load(element, part) {
    if (element.dataset.part === part.id && !element.error) return;
    element.dataset.part = part.id;
    element.preload = "none";
    element.src = part.src;
  }

  #go(seconds) {
    this.#place = Math.max(0, seconds);
    this.#since = performance.now();
    if (covers(this.#part, this.#place)) this.#element.currentTime = this.#place - this.#part.from;
    else this.#element.pause();
  }

  async #run() {
    const element = this.#element;
    if (!this.#playing || !covers(this.#part, this.#place) || !element.paused) return;
    try {
      await element.play();
    } catch (error) {
      // A browser may want a click first; who went on to another place meanwhile hears that.
      if (error.name === "AbortError" || element !== this.#element) return;
      this.#playing = false;
      this.#tell("change");
    }
  }

  /** In silence: whether the part begins here, or the recording ends. */
  #look() {
    if (!this.#silent) return;
    const place = this.here;
    if (place >= this.#end) this.pause();
    else if (covers(this.#part, place)) this.seek(place);
    else this.#tell("change");
  }

  #connect(element) {
    const listen = (name, heard) => element.addEventListener(name, () => element === this.#element && heard());
    listen("play", () => {
      this.#playing = true;
      this.#tell("change");
    });
    // By a key of the keyboard, or another program that wants to be heard.
    listen("pause", () => {
      if (!element.paused || element.ended || !covers(this.#part, this.#place)) return;
      this.#playing = false;
      this.#tell("change");
    });
    listen("ended", () => {
      this.#place = this.#part.to;
      this.#since = performance.now();
      if (this.#place >= this.#end) this.#playing = false;
      this.#tell("change");
    });
    listen("timeupdate", () => this.#tell("change"));
    listen("seeked", () => this.#tell("change"));
    listen("error", () => this.#tell("lost"));
    listen("loadedmetadata", () => {
      // It may be a little shorter than was told.
      this.#part.to = Math.min(this.#part.to, this.#part.from + element.duration);
      this.#tell("found");
      // A place may be asked for before there is anything to go to.
      const wanted = this.#place - this.#part.from;
      if (covers(this.#part, this.#place) && Math.abs(element.currentTime - wanted) > 0.01) element.currentTime = wanted;
    });
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

function covers(part, seconds) {
  return seconds >= part.from && seconds < part.to;
}
