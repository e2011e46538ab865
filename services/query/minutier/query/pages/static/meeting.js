// A meeting's page, of its parts.

import "./edits.js";
import "./minutes.js";
import "./share.js";
import "./steering.js";
import "./tabs.js";
import "./timeline.js";
import { live } from "./live.js";
import { playFrom } from "./player.js";
import { into } from "./transcript.js";

live();

// A search result, or a link somebody was sent, names a moment.
const moment = Number(new URLSearchParams(location.search).get("t") ?? NaN);
const named = /^#s\d+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
if (!Number.isNaN(moment)) playFrom(moment);
if (named) into(named, { always: true });
else if (!Number.isNaN(moment)) into(document.querySelector(".said.current"), { always: true });
