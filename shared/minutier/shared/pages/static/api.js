// Asking the API, and telling people what came of it.

import { refresh } from "./fresh.js";
import { _ } from "./i18n.js";
import { refusals } from "./refusals.js";

export { refresh, show } from "./fresh.js";

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
