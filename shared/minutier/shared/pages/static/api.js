// Asking the API, telling people what came of it, and having the page show how things are now.

import { _ } from "./i18n.js";
import { refusals } from "./refusals.js";

const NOTICE_MS = 9000;

/** What the API refused, or that it could not be reached; its text is for people. */
export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const API = "/api/v1";

/** Ask the server for something to be done. Throws `Refused`. */
export async function send(method, path, body, headers = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }), ...headers },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(30000),
    });
  } catch {
    throw new Refused(0, _("The server cannot be reached. Look at your connection and try again."));
  }
  if (response.ok) return response;
  if (response.status === 401) signIn();
  throw new Refused(response.status, await explained(response));
}

async function explained(response) {
  const { reasons, statuses, otherwise } = refusals(_);
  const { reason } = await response.json().catch(() => ({}));
  return reasons[reason] ?? statuses[response.status] ?? otherwise;
}

function signIn() {
  location.assign(`/sign-in?to=${encodeURIComponent(location.pathname + location.search)}`);
}

/** Say something for a while; `action` is `{label, run}`. */
export function notice(text, { bad = false, action = null } = {}) {
  const box = document.createElement("div");
  box.className = bad ? "notice bad" : "notice";
  const said = document.createElement("span");
  said.textContent = text;
  box.append(said);
  const leave = () => box.remove();
  if (action) {
    const button = document.createElement("button");
    button.textContent = action.label;
    button.addEventListener("click", () => (leave(), action.run()));
    box.append(button);
  }
  document.getElementById("notices").replaceChildren(box);
  setTimeout(leave, NOTICE_MS);
}

/** Do something that the API may refuse, and say so where it does; whether it was done. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status === 412) await refresh();
    notice(error.message, { bad: true });
    return false;
  }
}

/** Read the page again, and have it show how things are now. */
export async function refresh() {
  let response;
  try {
    response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  } catch {
    return;
  }
  if (!response.ok || response.redirected) return location.reload();
  show(await response.text());
}

/** Have the parts of the page that may change show what `html` has of them. */
export function show(html) {
  const now = new DOMParser().parseFromString(html, "text/html");
  const parts = [...now.querySelectorAll("[data-fresh]")];
  if (parts.some((part) => !document.getElementById(part.id))) return location.reload();
  for (const part of parts) renew(document.getElementById(part.id), part);
  document.dispatchEvent(new CustomEvent("fresh", { detail: now }));
}

function renew(old, fresh) {
  if (old.innerHTML === fresh.innerHTML) return;
  const held = old.contains(document.activeElement) && document.activeElement.id;
  const open = [...old.querySelectorAll("details[open]")].map((each) => [...old.querySelectorAll("details")].indexOf(each));
  const chosen = old.tagName === "SELECT" && old.value;
  old.replaceChildren(...fresh.childNodes);
  for (const number of open) old.querySelectorAll("details")[number]?.setAttribute("open", "");
  if (held) document.getElementById(held)?.focus();
  if (chosen) old.value = chosen;
}
