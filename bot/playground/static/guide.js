// The first visit: five things to try. Each is done beside whoever reads, and can be undone.

import { byId, element } from "./dom.js";
import { act, state, upload } from "./connection.js";

const STEPS = [
  ["talk", "Talk to Mirela", "Ask the lighthouse keeper how her night was, in #lobby."],
  ["card", "Bring your own card", "A character from SillyTavern, Chub or elsewhere, or our Captain Rook."],
  ["square", "Watch the square", "Let an hour pass in a minute, and see them talk by themselves."],
  ["photo", "Give her a photo", "A picture for Mirela's library, described and ready to be posted."],
  ["post", "Plan a post", "Tomorrow at nine, to #feed; the calendar shows it."],
];
// A new world has a new address, so its guide begins anew.
const KEY = `guide${location.pathname}`;
const shown = byId("guide");
const undoable = new Set();
let open = () => {}, done = JSON.parse(localStorage.getItem(KEY) || "{}");

export function show(openChannel, isOperator) {
  open = openChannel;
  shown.hidden = !isOperator || !!done.closed || STEPS.every(([name]) => done[name]);
  if (!shown.hidden) draw();
}

function remember(change) {
  done = { ...done, ...change };
  localStorage.setItem(KEY, JSON.stringify(done));
}

function close() { remember({ closed: true }); shown.hidden = true; }

// Show them again, whatever was done.
export function reopen() { remember({ closed: false }); shown.hidden = false; draw(); }

function draw() {
  const left = STEPS.filter(([name]) => !done[name]).length;
  shown.replaceChildren(
    element("header", {}, element("strong", {}, left ? "First steps" : "That was the tour: /help shows the rest."),
      element("button", { type: "button", "aria-label": "Close the first steps", onclick: close }, "✕")),
    element("ol", {}, STEPS.map(([name, title, text]) => card(name, title, text))));
}

function card(name, title, text) {
  const button = (label, action, isPrimary) => {
    const made = element("button", { type: "button", className: isPrimary ? "button primary" : "button" }, label);
    made.addEventListener("click", async () => {
      made.disabled = true;
      await action().catch(() => {});
      made.disabled = false;
    });
    return made;
  };
  const actions = [undoable.has(name) ? button("Undo", () => undo(name)) : !done[name] && button("Do it", () => run(name), true), name === "card" && file()];
  return element("li", { className: done[name] ? "done" : "" }, element("strong", {}, done[name] ? `✓ ${title}` : title), element("small", {}, text), element("div", { className: "row" }, actions));
}

function file() {
  const made = element("input", { type: "file", accept: ".png,.json,.charx,.jpg,.jpeg,.webp", "aria-label": "A card of your own" });
  made.addEventListener("change", async () => run("card", { file: (await upload(made.files))[0] }).catch(() => {}));
  return element("label", { className: "button" }, "Yours…", made);
}

async function run(step, options = {}) {
  const { channel } = await act("guide", { step, ...options });
  remember({ [step]: true });
  undoable.add(step);
  draw();
  open(channel);
}

async function undo(step) {
  await act("undo", { step });
  undoable.delete(step);
  remember({ [step]: false });
  draw();
  open(state.channel);
}
