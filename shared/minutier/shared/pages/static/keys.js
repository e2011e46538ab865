// Keys that do something by themselves, unless somebody is typing or has switched them off.

const SWITCH = "minutier.keys";
const TYPING = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";
const PRESSED = "button, a[href], summary, input, select";

const bound = new Map();

/** Have `run` called when `key` is pressed, as `KeyboardEvent.key` has it. */
export function onKey(key, run) {
  bound.set(key, run);
}

export function enabled() {
  return localStorage.getItem(SWITCH) !== "off";
}

export function enable(on) {
  localStorage.setItem(SWITCH, on ? "on" : "off");
}

document.addEventListener("keydown", (event) => {
  const run = bound.get(event.key);
  const target = event.target;
  if (!run || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !enabled()) return;
  if (target.closest(TYPING) || document.querySelector("dialog[open]")) return;
  if (event.key === " " && target.closest(PRESSED)) return;
  if (event.key.startsWith("Arrow") && target.closest("input, [role=tablist]")) return;
  event.preventDefault();
  run();
});
