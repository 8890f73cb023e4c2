// Keys of the desk's lists. Everything works without them.
(function () {
    "use strict";

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
})();
