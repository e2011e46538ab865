// The recording, played. There is none where a text was handed in.

import { _, clock } from "./i18n.js";
import { onKey } from "./keys.js";
import { Sound } from "./sound.js";

const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];

const byId = (id) => document.getElementById(id);
const sound = found();
const listeners = new Set();
let place = 0;
let captioned = [];
let prepared = null;

/** Have `listener` told of every new place, in seconds, and whether it is being played. */
export function onTime(listener) {
  listeners.add(listener);
}

export function here() {
  return sound ? sound.here : place;
}

/** Go to a place; also where there is nothing to hear, for what is written there. */
export function seek(seconds) {
  place = Math.max(0, seconds);
  sound?.seek(place);
  tell();
}

export function playFrom(seconds) {
  seek(seconds);
  sound?.play();
}

/**
 * Where voices are heard one at a time, and nobody has chosen one: hear this track. `next` gives the track that
 * is heard afterwards and when, `{track, start}`, if any is.
 */
export function speaks(track, next) {
  if (!byId("track") || byId("track").value) return;
  sound.hear(track);
  // Who does not listen yet need not be sent anything.
  if (!sound.playing || prepared === track) return;
  prepared = track;
  const following = next();
  if (following) sound.prepare(following.track, following.start);
}

function found() {
  const elements = document.querySelectorAll("#player audio");
  if (!elements.length) return null;
  const length = Number(byId("seek").max);
  const tracks = [...document.querySelectorAll("#track [data-src]")].map(({ value, dataset }) => ({
    id: value,
    src: dataset.src,
    from: Number(dataset.from),
    to: Number(dataset.to),
  }));
  const mix = { id: "", src: elements[0].getAttribute("src"), from: 0, to: Infinity };
  return new Sound(elements, tracks.length ? tracks : [mix], length);
}

function toggle() {
  return sound.playing ? sound.pause() : sound.play();
}

function tell() {
  const seconds = here();
  for (const listener of listeners) listener(seconds, Boolean(sound?.playing));
}

function each() {
  tell();
  if (sound.playing) requestAnimationFrame(each);
}

function show(seconds) {
  const bar = byId("seek");
  byId("time").textContent = clock(seconds);
  if (document.activeElement !== bar || sound.playing) bar.value = seconds;
  bar.setAttribute("aria-valuetext", clock(seconds));
  bar.style.setProperty("--done", `${(100 * bar.value) / bar.max}%`);
}

function changeSpeed(step) {
  const now = SPEEDS.indexOf(sound.rate);
  byId("speed").value = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, now + step))];
  sound.rate = Number(byId("speed").value);
}

function switchCaptions() {
  const on = byId("captions-switch").getAttribute("aria-pressed") !== "true";
  byId("captions-switch").setAttribute("aria-pressed", on);
  byId("audio").textTracks[0].mode = on ? "hidden" : "disabled";
  byId("captions").hidden = !on;
  showCaptions(here());
}

/** By the recording's time: that of an element is its track's. */
function showCaptions(seconds) {
  if (byId("captions").hidden) return;
  const shown = [...(byId("audio").textTracks[0].cues ?? [])].filter(
    (cue) => cue.startTime <= seconds && seconds < cue.endTime,
  );
  if (shown.length === captioned.length && shown.every((cue, number) => cue === captioned[number])) return;
  captioned = shown;
  byId("captions").replaceChildren(...shown.map(caption));
}

function caption(cue) {
  const line = document.createElement("span");
  const [, speaker, text] = /^<v\s+([^>]*)>([^]*?)(?:<\/v>)?$/.exec(cue.text) ?? [null, "", cue.text];
  if (speaker) {
    const name = document.createElement("b");
    const [, number] = /^Speaker (\d+)$/.exec(speaker) ?? [];
    name.textContent = `${number ? _("Speaker %(number)s", { number }) : speaker} `;
    line.append(name);
  }
  line.append(text.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
  return line;
}

function connect() {
  const button = byId("play");
  let played = false;
  sound.addEventListener("change", () => {
    button.classList.toggle("playing", sound.playing);
    button.setAttribute("aria-label", sound.playing ? button.dataset.pauseLabel : button.dataset.playLabel);
    if (sound.playing && !played) requestAnimationFrame(each);
    played = sound.playing;
    tell();
  });
  sound.addEventListener("lost", () => (byId("lost").hidden = false));
  sound.addEventListener("found", () => (byId("lost").hidden = true));
  onTime(show);
  onTime(showCaptions);
  byId("track")?.addEventListener("change", (event) => (sound.hear(event.target.value), tell()));
  byId("again").addEventListener("click", () => sound.again());
  button.addEventListener("click", toggle);
  byId("back").addEventListener("click", () => seek(here() - 10));
  byId("forward").addEventListener("click", () => seek(here() + 10));
  byId("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
  byId("speed").addEventListener("change", (event) => (sound.rate = Number(event.target.value)));
  byId("captions-switch").addEventListener("click", switchCaptions);
  onKey(" ", toggle);
  onKey("k", toggle);
  onKey("j", () => seek(here() - 10));
  onKey("l", () => seek(here() + 10));
  onKey("ArrowLeft", () => seek(here() - 3));
  onKey("ArrowRight", () => seek(here() + 3));
  onKey("<", () => changeSpeed(-1));
  onKey(">", () => changeSpeed(1));
  onKey("c", switchCaptions);
  if ("mediaSession" in navigator) {
    navigator.mediaSession.metadata = new MediaMetadata({ title: document.querySelector("h1").textContent });
  }
}

if (sound) connect();
