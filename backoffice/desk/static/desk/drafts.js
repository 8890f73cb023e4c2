// A form that was sent after the session had ended comes back as it was typed, once the same person has signed in again.
// It waits in this tab alone, and only between the form, the sign-in page and the form: any other page forgets it.
document.addEventListener("DOMContentLoaded", function () {
    "use strict";

    const KEY = "desk-draft";
    const MOST_ROWS = 200;
    const offer = document.getElementById("desk-draft");
    const form = offer && offer.closest("form");

    function read() {
        try { return JSON.parse(sessionStorage.getItem(KEY)); } catch (_broken) { return null; }
    }

    function write(draft) {
        try { sessionStorage.setItem(KEY, JSON.stringify(draft)); } catch (_full) { sessionStorage.removeItem(KEY); }
    }

    // Keys of rows, tokens and counts belong to the page; what was typed, ticked and seen (`_version`) to the person.
    function typed(field) {
        if (!field.name || /^(password|file|submit|button|reset)$/.test(field.type)) { return false; }
        return field.type !== "hidden" || /_version$|-TOTAL_FORMS$/.test(field.name);
    }

    function held(field) {
        if (field.type === "checkbox" || field.type === "radio") {
            return { name: field.name, value: field.value, checked: field.checked };
        }
        if (field.tagName === "SELECT") {
            const chosen = Array.from(field.selectedOptions, (option) => [option.value, option.text]);
            return { name: field.name, chosen: chosen };
        }
        return { name: field.name, value: field.value };
    }

    function addRows(draft) {
        draft.fields.filter((field) => field.name.endsWith("-TOTAL_FORMS")).forEach(function (wanted) {
            const total = form.elements[wanted.name];
            const prefix = wanted.name.slice(0, -"-TOTAL_FORMS".length);
            const add = document.querySelector(`#${CSS.escape(prefix)}-group .add-row`);
            for (let tries = 0; total && add && tries < MOST_ROWS && Number(total.value) < Number(wanted.value); tries++) {
                (add.matches("a") ? add : add.querySelector("a")).click();
            }
        });
    }

    function fill(kept) {
        const same = Array.from(form.elements).filter((field) => field.name === kept.name && typed(field));
        const field = "checked" in kept ? same.find((each) => each.value === kept.value) : same[0];
        if (!field) { return; }
        if ("checked" in kept) {
            field.checked = kept.checked;
        } else if (kept.chosen) {
            Array.from(field.options).forEach((option) => { option.selected = false; });
            kept.chosen.forEach(function ([value, text]) {
                const option = Array.from(field.options).find((each) => each.value === value);
                if (option) { option.selected = true; } else { field.add(new Option(text, value, true, true)); }
            });
        } else {
            field.value = kept.value;
        }
        field.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function restore(draft) {
        addRows(draft);
        draft.fields.filter((field) => !field.name.endsWith("-TOTAL_FORMS")).forEach(fill);
    }

    const draft = read();
    if (document.getElementById("login-form")) {
        if (draft) { write({ ...draft, ended: true }); }
        return;
    }
    sessionStorage.removeItem(KEY);
    if (!form) { return; }

    form.addEventListener("submit", function () {
        const fields = Array.from(form.elements).filter(typed).map(held);
        write({ user: offer.dataset.user, path: window.location.pathname, fields: fields });
    });

    if (draft && draft.ended && draft.user === offer.dataset.user && draft.path === window.location.pathname) {
        offer.hidden = false;
        offer.querySelector("button").addEventListener("click", function () {
            restore(draft);
            offer.hidden = true;
        });
    }
});
