"use strict";

const byId = (id) => document.getElementById(id);
let version = document.body.dataset.version;

function say(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = text === "";
}

// render puts a newer state of the page in place of what is shown. What is written
// in a dialog, which threads are open and where the focus is stay.
function render(html) {
  const next = new DOMParser().parseFromString(html, "text/html");
  version = next.body.dataset.version;
  const open = new Set([...document.querySelectorAll("details[open]")].map((d) => d.dataset.key));
  const focus = document.activeElement?.id;
  const atEnd = innerHeight + scrollY >= document.body.scrollHeight - 80;
  for (const id of ["channels", "log"]) byId(id).replaceChildren(...next.getElementById(id).childNodes);
  for (const d of document.querySelectorAll("details")) d.open = open.has(d.dataset.key);
  renderDialog(next.querySelector("#dialogs dialog"));
  if (focus && document.activeElement === document.body) byId(focus)?.focus();
  if (atEnd) scrollTo(0, document.body.scrollHeight);
}

function renderDialog(next) {
  const old = document.querySelector("#dialogs dialog");
  if (old && next && old.dataset.view === next.dataset.view) {
    for (const part of next.querySelectorAll("[data-live]")) {
      old.querySelector(`[data-live="${part.dataset.live}"]`).textContent = part.textContent;
    }
    return;
  }
  old?.remove();
  if (next) {
    byId("dialogs").append(next);
    show();
  }
}

// show makes the open dialog modal, which keeps the focus in it.
function show() {
  const dialog = document.querySelector("#dialogs dialog");
  if (!dialog) return;
  dialog.removeAttribute("open");
  dialog.showModal();
  dialog.querySelector("textarea, .input input")?.focus();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("[data-close]").click();
  });
}

async function refresh() {
  const answer = await fetch(location.href);
  if (answer.ok) render(await answer.text());
}

async function poll() {
  try {
    const answer = await fetch("version");
    if (String((await answer.json()).version) !== version) await refresh();
    if (byId("notice").dataset.lost) say("");
    delete byId("notice").dataset.lost;
  } catch {
    say("The local cloud does not answer. What you see may be old.");
    byId("notice").dataset.lost = "yes";
  }
  setTimeout(poll, 1000);
}

// ask shows the question that a button asks before its press counts.
function ask({ title, text, yes, no, style }) {
  const dialog = byId("ask");
  const [deny, confirm] = dialog.querySelectorAll("button");
  byId("ask-title").textContent = title;
  byId("ask-text").textContent = text;
  deny.textContent = no;
  confirm.textContent = yes;
  confirm.className = style;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const button = event.submitter;
  const to = button?.getAttribute("formaction") ?? form.getAttribute("action");
  const body = new URLSearchParams(new FormData(form));
  if (button?.dataset.title && !(await ask(button.dataset))) return;
  if (button?.dataset.url) open(button.dataset.url, "_blank", "noopener,noreferrer");
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(to, { method: "POST", body });
    const text = await answer.text();
    say(answer.ok ? "" : text);
    if (answer.ok) render(text);
    else await refresh();
  } catch {
    say("The local cloud does not answer. Nothing was sent.");
  }
  button?.removeAttribute("aria-busy");
});

byId("user").addEventListener("change", (event) => event.target.form.submit());
show();
scrollTo(0, document.body.scrollHeight);
poll();
