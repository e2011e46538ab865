// The recording, played. There is none where a text was handed in.

import { clock } from "./i18n.js";
import { onKey } from "./keys.js";

const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2];

const audio = document.getElementById("audio");
const byId = (id) => document.getElementById(id);
const listeners = new Set();
let place = 0;

/** Have `listener` told of every new place, in seconds, and whether it is being played. */
export function onTime(listener) {
  listeners.add(listener);
}

export function here() {
  return audio ? audio.currentTime || place : place;
}

/** Go to a place; also where there is nothing to hear, for what is written there. */
export function seek(seconds) {
  place = Math.max(0, seconds);
  if (audio) audio.currentTime = place;
  tell();
}

export async function playFrom(seconds) {
  seek(seconds);
  await play();
}

async function play() {
  try {
    await audio?.play();
  } catch {
    // A browser may want a click first; what cannot be played at all says so by itself.
  }
}

function toggle() {
  return audio.paused ? play() : audio.pause();
}

function tell() {
  const seconds = here();
  for (const listener of listeners) listener(seconds, Boolean(audio) && !audio.paused);
}

function each() {
  tell();
  if (!audio.paused) requestAnimationFrame(each);
}

function show(seconds) {
  const bar = byId("seek");
  byId("time").textContent = clock(seconds);
  if (document.activeElement !== bar || !audio.paused) bar.value = seconds;
  bar.setAttribute("aria-valuetext", clock(seconds));
  bar.style.setProperty("--done", `${(100 * bar.value) / bar.max}%`);
}

function changeSpeed(step) {
  const now = SPEEDS.indexOf(audio.playbackRate);
  byId("speed").value = SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, now + step))];
  audio.playbackRate = byId("speed").value;
}

function showCaptions() {
  const on = byId("captions-switch").getAttribute("aria-pressed") !== "true";
  byId("captions-switch").setAttribute("aria-pressed", on);
  const [track] = audio.textTracks;
  track.mode = on ? "hidden" : "disabled";
  byId("captions").hidden = !on;
  track.oncuechange = () => {
    const lines = [...(track.activeCues ?? [])].map(caption);
    byId("captions").replaceChildren(...lines);
  };
}

function caption(cue) {
  const line = document.createElement("span");
  const [, speaker, text] = /^<v\s+([^>]*)>([^]*?)(?:<\/v>)?$/.exec(cue.text) ?? [null, "", cue.text];
  if (speaker) {
    const name = document.createElement("b");
    name.textContent = `${speaker} `;
    line.append(name);
  }
  line.append(text.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"));
  return line;
}

function connect() {
  const button = byId("play");
  const playing = () => {
    button.classList.toggle("playing", !audio.paused);
    button.setAttribute("aria-label", audio.paused ? button.dataset.playLabel : button.dataset.pauseLabel);
  };
  audio.addEventListener("play", () => (playing(), each()));
  audio.addEventListener("pause", () => (playing(), tell()));
  audio.addEventListener("seeked", tell);
  audio.addEventListener("error", () => (byId("lost").hidden = false));
  audio.addEventListener("loadedmetadata", () => {
    byId("lost").hidden = true;
    // A place may be asked for before there is anything to go to.
    if (place && !audio.currentTime) audio.currentTime = place;
  });
  onTime(show);
  byId("again").addEventListener("click", () => audio.load());
  button.addEventListener("click", toggle);
  byId("back").addEventListener("click", () => seek(here() - 10));
  byId("forward").addEventListener("click", () => seek(here() + 10));
  byId("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
  byId("speed").addEventListener("change", (event) => (audio.playbackRate = event.target.value));
  byId("captions-switch").addEventListener("click", showCaptions);
  onKey(" ", toggle);
  onKey("k", toggle);
  onKey("j", () => seek(here() - 10));
  onKey("l", () => seek(here() + 10));
  onKey("ArrowLeft", () => seek(here() - 3));
  onKey("ArrowRight", () => seek(here() + 3));
  onKey("<", () => changeSpeed(-1));
  onKey(">", () => changeSpeed(1));
  onKey("c", showCaptions);
  if ("mediaSession" in navigator) {
    navigator.mediaSession.metadata = new MediaMetadata({ title: document.querySelector("h1").textContent });
  }
}

if (audio) connect();
