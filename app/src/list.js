// A tab as a list of its rows, which the server draws: a page of its own, and on screens too narrow for a
// grid what stands in the grid's place, which is one touch away. `rows.css` hides the grid under the same
// condition. Where something new is on the tab the list is renewed, and what is looked at stays in place.
{
    const narrow = matchMedia("(max-width: 380px)");
    const APART = 3_000;
    const TRIES = 3;
    const drawn = async (address) => {
        const [path, query = ""] = address.split("?");
        const answer = await fetch(`${path}?${query ? `${query}&` : ""}part=`);
        if (!answer.ok) throw new Error(address);
        return new DOMParser().parseFromString(await answer.text(), "text/html");
    };
    const replace = (old, fresh) => {
        if (old && fresh && old.outerHTML !== fresh.outerHTML) old.replaceWith(fresh);
    };
    const lineOf = (list, row) => row && list.querySelector(`[data-row-id="${CSS.escape(row)}"]`);

    const heldRow = () => document.activeElement.closest("[data-row-id]")?.dataset.rowId;
    const focusRow = (list, row) => lineOf(list, row)?.querySelector("a")?.focus({ preventScroll: true });

    // Puts what is new into the list that is shown, on a page of its own also above it; answers whether it is.
    const renew = async () => {
        const list = document.querySelector(".rows-list");
        if (!list) return true;
        const page = await drawn(list.dataset.address);
        const fresh = page.querySelector(".rows-list");
        if (!list.isConnected || !fresh) return true;
        const lines = Array.from(list.querySelectorAll("[data-row-id]"));
        const shown = scrollY > 0 && lines.find((line) => line.getBoundingClientRect().bottom > 0);
        const before = shown && [shown.dataset.rowId, shown.getBoundingClientRect().top];
        const held = heldRow();
        const rows = ".rows-list > .rows-list__rows";
        const isNew = list.querySelector("ul").outerHTML !== fresh.querySelector("ul").outerHTML;
        for (const part of [".rows-page > h1", ".rows-page > .rows-page__reason", ".rows-list > .rows-list__said", rows]) {
            replace(document.querySelector(part), page.querySelector(part));
        }
        const { state } = list.dataset;
        list.dataset.state = fresh.dataset.state;
        const again = before && lineOf(list, before[0]);
        if (again) scrollBy({ top: again.getBoundingClientRect().top - before[1], behavior: "instant" });
        focusRow(list, held);
        if (isNew) {
            const at = zoneText(Date.now()).split(" ")[3];
            list.querySelector(".rows-list__renewed").textContent = list.dataset.state === state ? "" : `New results, ${at}`;
        }
        return isNew;
    };
    let waits = false;
    let last = 0;
    // What cannot be had now leaves what is there. Another server behind the same address may have answered,
    // which has yet to read what changed: it is asked for a few times until it is new.
    const renewSoon = (tries) => {
        if (waits) return;
        waits = true;
        setTimeout(async () => {
            waits = false;
            last = Date.now();
            const isNew = await renew().catch(() => false);
            if (!isNew && tries > 1) renewSoon(tries - 1);
        }, Math.max(200, last + APART - Date.now()));
    };
    // The program calls it when it has renewed a page.
    globalThis.pageRenewed = () => renewSoon(TRIES);

    // In the place of a grid.
    const show = async () => {
        const tab = document.querySelector("main .tab");
        if (!narrow.matches || !tab || tab.dataset.grid !== undefined) return;
        const address = `${location.pathname}/rows${location.search}`;
        if (tab.dataset.list === address) return;
        tab.dataset.list = address;
        try {
            const list = (await drawn(address)).querySelector(".rows-list");
            if (tab.dataset.list !== address) return;
            // Groups are opened here, where the reader is.
            for (const link of list.querySelectorAll("[data-toggle]")) link.pathname = location.pathname;
            const held = heldRow();
            const button = document.createElement("button");
            button.className = "button";
            button.textContent = "Show the grid";
            button.addEventListener("click", () => {
                tab.dataset.grid = "";
                list.remove();
            });
            list.prepend(button);
            tab.querySelector(".rows-list")?.remove();
            // Behind all that the program knows of.
            tab.append(list);
            focusRow(list, held);
        } catch {
            // Then the grid, as on any screen.
            tab.dataset.grid = "";
        }
    };
    // Another address changes nothing that is seen of the page when it is asked for.
    const showSoon = () => {
        for (const after of [0, 50, 150, 400, 1_000]) setTimeout(show, after);
    };
    addEventListener("popstate", showSoon);
    document.addEventListener("click", (event) => {
        const link = event.target.closest?.(".rows-list [data-toggle]");
        if (!link) return;
        if (link.closest(".tab")) {
            showSoon();
        } else if (!(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
            // On a page of its own: what is looked at stays in place.
            event.preventDefault();
            history.replaceState(null, "", link.href);
            link.closest(".rows-list").dataset.address = link.pathname + link.search;
            renew().catch(() => location.reload());
        }
    });
    const watch = () => {
        if (narrow.matches) {
            show();
            new MutationObserver(show).observe(document.querySelector("main"), {
                childList: true,
                subtree: true,
            });
        }
    };
    addEventListener("load", watch);
    narrow.addEventListener("change", watch);

    // A page of its own listens itself, as long as it can be seen.
    addEventListener("load", () => {
        const list = document.querySelector(".rows-page .rows-list");
        if (!list) return;
        hearChanges(["state", "tab", "reload"], (event) => {
            const known = list.dataset.state === event.lastEventId;
            const { dashboard, tab } = event.type === "tab" ? JSON.parse(event.data) : list.dataset;
            if (known || dashboard !== list.dataset.dashboard || tab !== list.dataset.tab) return;
            // Another process names its states otherwise.
            renewSoon(event.type === "state" ? 1 : TRIES);
        });
    });
}
