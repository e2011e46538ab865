// The transcript: it follows what is played, and a word in it is a place to go to.

import { onKey } from "./keys.js";
import { here, onTime, playFrom, seek, speaks } from "./player.js";
import { boundaries, spokenAt, wordAt } from "./words.js";

const SCROLLED = ["wheel", "touchmove"];
const SCROLLING = ["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown"];

const list = document.getElementById("said");
const back = document.getElementById("follow");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const highlights = globalThis.CSS?.highlights;

let starts = [];
let elements = [];
let current = null;
let follows = true;

/** A segment's words: the text, where each word is in it, and when it begins, in seconds. */
export function wordsOf(element) {
  const figures = (name) => element.dataset[name].split(" ").filter(Boolean).map(Number);
  const start = Number(element.dataset.start);
  const begin = figures("starts");
  return {
    start,
    text: element.querySelector(".text").textContent,
    lengths: figures("lengths"),
    words: boundaries(figures("lengths")),
    hundredths: begin,
    at: (number) => start + begin[number] / 100 + 0.001,
  };
}

/** The segment that is said now, or was last; null before the first. */
export function currentSegment() {
  return current;
}

/** The number of the word that is said now. */
export function currentWord() {
  if (!current) return -1;
  const { start, hundredths } = wordsOf(current);
  return spokenAt(hundredths, (here() - start) * 100);
}

function index() {
  elements = [...list.querySelectorAll(".said")];
  starts = elements.map((element) => Number(element.dataset.start));
  current = current && document.getElementById(current.id);
  underline();
  show(here(), false);
}

function underline() {
  if (!highlights) return;
  const ranges = [];
  for (const element of list.querySelectorAll("[data-unlikely]")) {
    const node = element.querySelector(".text").firstChild;
    const { words, text } = wordsOf(element);
    for (const number of element.dataset.unlikely.split(" ")) {
      const { from, to } = words[number];
      const space = text.slice(from, to).search(/\S/);
      ranges.push(new StaticRange({ startContainer: node, startOffset: from + Math.max(0, space), endContainer: node, endOffset: to }));
    }
  }
  highlights.set("unlikely", new Highlight(...ranges));
}

function show(seconds, playing) {
  const element = elements[spokenAt(starts, seconds + 0.001)] ?? null;
  if (element !== current) {
    current?.classList.remove("current");
    element?.classList.add("current");
    current = element;
    if (playing && follows) into(element);
  } else if (element && !element.classList.contains("current")) element.classList.add("current");
  if (element?.dataset.track) speaks(element.dataset.track, () => following(element));
  mark(element, seconds);
}

/** The next passage that is heard on another track, and when it begins. */
function following(element) {
  const next = elements
    .slice(elements.indexOf(element) + 1)
    .find(({ dataset }) => dataset.track && dataset.track !== element.dataset.track);
  return next && { track: next.dataset.track, start: Number(next.dataset.start) };
}

function mark(element, seconds) {
  const node = element?.querySelector(".text")?.firstChild;
  if (!highlights) return;
  if (!node) return void highlights.delete("word");
  const { start, hundredths, words, text } = wordsOf(element);
  const number = spokenAt(hundredths, (seconds - start) * 100 + 0.5);
  if (number < 0) return void highlights.delete("word");
  const range = document.createRange();
  const { from, to } = words[number];
  range.setStart(node, from + Math.max(0, text.slice(from, to).search(/\S/)));
  range.setEnd(node, to);
  highlights.set("word", new Highlight(range));
}

/** Bring a segment into view, where it is not. */
export function into(element, { always = false } = {}) {
  if (!element?.checkVisibility()) return;
  const { top, bottom } = element.getBoundingClientRect();
  if (!always && top > innerHeight * 0.15 && bottom < innerHeight * 0.7) return;
  const far = Math.abs(top) > innerHeight * 2;
  element.scrollIntoView({ block: "center", behavior: far || calm.matches ? "instant" : "smooth" });
  // What was never drawn turns out higher or lower than it was taken for.
  if (far) requestAnimationFrame(() => element.scrollIntoView({ block: "center", behavior: "instant" }));
}

function leave() {
  if (!follows || !document.querySelector(".play.playing")) return;
  follows = false;
  back.hidden = false;
}

/** Follow what is said again, as after somebody has asked for a place. */
export function followAgain() {
  follows = true;
  back.hidden = true;
}

function pressed(event) {
  const text = event.target.closest(".text");
  if (!text || !getSelection().isCollapsed) return;
  const number = pointed(event, text);
  if (number >= 0) seek(wordsOf(text.closest(".said")).at(number));
}

/** The number of the word under a pointer, or -1. */
export function pointed(event, text) {
  const at = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  const range = at ?? document.caretRangeFromPoint?.(event.clientX, event.clientY);
  const [node, offset] = [range?.offsetNode ?? range?.startContainer, range?.offset ?? range?.startOffset];
  return node === text.firstChild ? wordAt(wordsOf(text.closest(".said")).words, offset) : -1;
}

function step(by) {
  const element = current ?? elements[0];
  if (!element) return;
  const words = wordsOf(element);
  const number = currentWord() + by;
  if (number >= 0 && number < words.words.length) return seek(words.at(number));
  const beside = elements[elements.indexOf(element) + by];
  if (beside) seek(by > 0 ? wordsOf(beside).at(0) : wordsOf(beside).at(wordsOf(beside).words.length - 1));
}

function passage(by) {
  const beside = elements[Math.max(0, elements.indexOf(current) + by)];
  if (!beside) return;
  seek(Number(beside.dataset.start) + 0.001);
  into(beside);
}

if (list) {
  index();
  onTime(show);
  list.addEventListener("click", pressed);
  document.addEventListener("fresh", index);
  for (const event of SCROLLED) addEventListener(event, leave, { passive: true });
  addEventListener("keydown", (event) => SCROLLING.includes(event.key) && !event.target.closest("input, textarea, select") && leave());
  back.addEventListener("click", () => (followAgain(), into(current, { always: true })));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-play]");
    if (!link) return;
    event.preventDefault();
    followAgain();
    playFrom(Number(link.dataset.play));
  });
  onKey(",", () => step(-1));
  onKey(".", () => step(1));
  onKey("p", () => passage(-1));
  onKey("n", () => passage(1));
}
