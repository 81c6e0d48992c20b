"""The look and the keys of the judge page: one style sheet and one script, which the policy names by their digests.

The script only sends what the buttons send, and puts the answer in the page's place: all of it works without a script
too, but for the keys. It makes no element of a text.
"""

from jobs.explaining.style import SCHEMES
from jobs.explaining.whole import source_of

CSS = f"""{SCHEMES}
*{{box-sizing:border-box}}
body{{margin:0 auto;padding:1rem 1rem 0;max-width:60rem;background:var(--ground);color:var(--text);
 font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}}
h1{{font-size:1.2rem;margin:0 0 .3rem}}h1:focus{{outline:none}}
p{{margin:.3rem 0}}.faint{{color:var(--faint)}}
#said{{min-height:1.5em}}#said.wrong{{color:var(--dropped);background:var(--dropped-ground);font-weight:600;
 padding:.2rem .5rem;border-radius:.3rem}}
.text{{border-top:1px solid var(--rule);margin-top:.8rem;padding:.8rem 0;font-size:1.05rem}}
.line{{white-space:pre-wrap;unicode-bidi:isolate;min-height:1.5em;margin:0}}
.more{{color:var(--waiting);background:var(--waiting-ground);border-inline-start:3px solid currentColor;
 padding:.1rem .5rem;font-size:.85rem;margin:.2rem 0}}
.sign{{border:1px solid currentColor;border-radius:.2rem;font-size:.8em;padding:0 .1em;unicode-bidi:isolate}}
form{{position:sticky;bottom:0;display:flex;flex-wrap:wrap;gap:.5rem;padding:.6rem 0;background:var(--ground);
 border-top:1px solid var(--rule)}}
button{{font:inherit;padding:.45rem .8rem;min-height:2.75rem;border:1px solid var(--faint);border-radius:.4rem;
 color:var(--text);background:var(--ground);cursor:pointer}}
button.keep{{color:var(--kept);background:var(--kept-ground);border-color:currentColor;font-weight:600}}
button.drop{{color:var(--dropped);background:var(--dropped-ground);border-color:currentColor;font-weight:600}}
button:disabled{{color:var(--faint);cursor:default}}
#keys::after{{content:": off"}}#keys[aria-pressed=true]::after{{content:": on"}}
kbd{{font:.85em ui-monospace,monospace;border:1px solid currentColor;border-radius:.2rem;padding:0 .3em}}
:focus-visible{{outline:3px solid var(--link);outline-offset:2px}}
@media(max-width:36rem){{form{{gap:.35rem}}button{{padding:.4rem .55rem}}}}
"""

SCRIPT = """"use strict";
(() => {
  const said = document.getElementById("said");
  const keys = document.getElementById("keys");
  let busy = false, listening = true;

  function say(text, wrong) {
    said.textContent = text;
    said.classList.toggle("wrong", wrong);
  }

  async function send(verdict, number) {
    if (busy) return;
    busy = true;
    try {
      const body = new URLSearchParams([[verdict, number]]);
      const answer = await fetch(location.pathname, {method: "POST", body});
      const told = await answer.text();
      if (!answer.ok) {
        say(told.slice(0, 300), true);
        return;
      }
      const page = new DOMParser().parseFromString(told, "text/html");
      document.querySelector("main").replaceWith(page.querySelector("main"));
      document.title = page.title;
      say(page.getElementById("said").textContent, false);
      scrollTo(0, 0);
      document.querySelector("h1").focus();
    } catch {
      say("Not stored: nobody answers. Is corpusmill judge still running?", true);
    } finally {
      busy = false;
    }
  }

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.submitter) send(event.submitter.name, event.submitter.value);
  });

  document.addEventListener("keydown", (event) => {
    if (!listening || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    for (const button of document.querySelectorAll("button[data-key]")) {
      if (button.dataset.key === key && !button.disabled) {
        event.preventDefault();
        send(button.name, button.value);
        return;
      }
    }
  });

  keys.hidden = false;
  keys.addEventListener("click", () => {
    listening = !listening;
    keys.setAttribute("aria-pressed", String(listening));
  });
})();
"""

# Nothing from elsewhere, nothing inline but these two, no frame around it; it talks to its own server alone.
POLICY = (
    f"default-src 'none'; style-src {source_of(CSS)}; script-src {source_of(SCRIPT)}; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
