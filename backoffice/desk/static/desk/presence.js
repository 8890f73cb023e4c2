// Tells who else has this form open: asks while the page is looked at, and says when it is left.
document.addEventListener("DOMContentLoaded", function () {
    "use strict";

    const line = document.getElementById("desk-editing");
    const form = line && line.closest("form");
    if (!form) { return; }

    const every = Number(line.dataset.every) * 1000;
    let asked = 0;

    function told(left) {
        const body = new FormData();
        body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
        body.append("page", line.dataset.page);
        if (left) { body.append("left", "1"); }
        return body;
    }

    function say(answer) {
        if (line.textContent !== answer.said) { line.textContent = answer.said; }
        line.hidden = !answer.said;
    }

    async function ask() {
        if (document.hidden || Date.now() - asked < every / 2) { return; }
        asked = Date.now();
        try {
            const answer = await fetch(line.dataset.url, { method: "POST", body: told(false) });
            if (answer.ok && !answer.redirected) { say(await answer.json()); }
        } catch (_unreachable) { /* The next call tells. */ }
    }

    ask();
    setInterval(ask, every);
    document.addEventListener("visibilitychange", ask);
    window.addEventListener("pagehide", function () { navigator.sendBeacon(line.dataset.url, told(true)); });
    window.addEventListener("pageshow", function (event) {
        if (event.persisted) { asked = 0; ask(); }
    });
});
