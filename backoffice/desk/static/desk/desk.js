// Keys of the desk's lists, forms that are sent once, dialogs that fail aloud. Everything works without them.
(function () {
    "use strict";

    const FORGET_AFTER = 10000;

    function typing(target) {
        return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
    }

    function rows() {
        return Array.from(document.querySelectorAll("#result_list .data-row"));
    }

    function step(by) {
        const all = rows();
        if (!all.length) { return; }
        const here = all.indexOf(document.activeElement.closest(".data-row"));
        const next = all[Math.min(Math.max(here + by, 0), all.length - 1)];
        const link = next.querySelector("th a, td a");
        if (link) { link.focus(); }
    }

    function press(selector) {
        const element = document.querySelector(selector);
        if (element) { element.click(); }
        return Boolean(element);
    }

    function select() {
        const row = document.activeElement.closest(".data-row");
        const box = row && row.querySelector("input.action-select");
        if (box) { box.click(); row.querySelector("th a, td a").focus(); }
        return Boolean(box);
    }

    const KEYS = {
        f: () => press(".filter-open-button"),
        j: () => step(1),
        k: () => step(-1),
        x: select,
        n: () => press(".desk-pages a[rel=next][href]"),
        p: () => press(".desk-pages a[rel=prev][href]"),
    };

    document.addEventListener("keydown", function (event) {
        const act = KEYS[event.key];
        if (act && !typing(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
            if (act() !== false) { event.preventDefault(); }
        }
    });

    // A second click on the same button sends nothing, until the answer is there or long overdue.
    document.addEventListener("submit", function (event) {
        const button = event.submitter;
        if (event.defaultPrevented || !button || event.target.method !== "post") { return; }
        if (button.dataset.sent) { event.preventDefault(); return; }
        button.dataset.sent = "1";
        setTimeout(function () { delete button.dataset.sent; }, FORGET_AFTER);
    });

    window.addEventListener("pageshow", function () {
        document.querySelectorAll("[data-sent]").forEach(function (sent) { delete sent.dataset.sent; });
    });

    document.addEventListener("htmx:beforeRequest", function (event) {
        const form = event.detail.elt;
        if (form.tagName !== "FORM") { return; }
        if (form.dataset.sent) { event.preventDefault(); }
        form.dataset.sent = "1";
    });

    document.addEventListener("htmx:afterRequest", function (event) {
        const answer = event.detail.xhr;
        if (!answer.getResponseHeader("HX-Redirect")) { delete event.detail.elt.dataset.sent; }
    });

    // What holds no part for the page that asked, an error or the sign-in page, is shown in full.
    document.addEventListener("htmx:beforeSwap", function (event) {
        const part = event.detail.requestConfig.elt.getAttribute("hx-select");
        const answer = event.detail.xhr;
        if (!part || answer.getResponseHeader("HX-Redirect")) { return; }
        const page = new DOMParser().parseFromString(answer.responseText, "text/html");
        if (page.querySelector(part)) { return; }
        event.preventDefault();
        if (answer.status < 400) {
            window.location.assign(answer.responseURL);
        } else {
            const said = document.createElement("div");
            said.className = "desk-dialog-body";
            said.append(...page.querySelectorAll("main > *"));
            document.getElementById("modal-content").replaceChildren(said);
        }
    });

    document.addEventListener("htmx:sendError", function (event) {
        const form = event.detail.elt;
        if (!form.dataset.unsent) { return; }
        const said = document.createElement("p");
        said.className = "desk-note desk-red";
        said.setAttribute("role", "alert");
        said.textContent = form.dataset.unsent;
        form.querySelector(".desk-dialog-body").prepend(said);
    });
})();
