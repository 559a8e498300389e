// Issues are linked to a row and unlinked, on its page and in the panel beside the grid, with a token that is
// kept as long as this browser tab is open. What the form and its buttons ask for stands in their attributes.
{
    const kept = (token) => {
        try {
            if (token) sessionStorage.setItem("token", token);
            return sessionStorage.getItem("token") ?? "";
        } catch {
            // A browser that forbids storage asks again, nothing else.
            return "";
        }
    };
    const APART = 1_000;
    const TRIES = 5;
    // The row with the issue at `url` if it is `linked`, else without it. Another server behind the same address
    // may answer, which has yet to read what is new.
    const drawn = async (part, url, linked, tries) => {
        const answer = await fetch(part, { cache: "no-store" }).catch(() => {});
        if (!answer?.ok) return undefined;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const isThere = Array.from(page.querySelectorAll("[data-bug]"), (it) => it.dataset.bug).includes(url);
        if (isThere === linked || tries <= 1) return page.querySelector(".row-page");
        await new Promise((later) => setTimeout(later, APART));
        return drawn(part, url, linked, tries - 1);
    };
    // A page is loaded anew; in a panel the row alone, and what is beside it stays as it is.
    const renew = async (bugs, url, linked) => {
        const fresh = await drawn(bugs.dataset.part, url, linked, TRIES);
        const row = bugs.closest(".panel .row-page");
        if (!fresh || !row) return location.reload();
        if (!row.isConnected) return;
        const within = row.contains(document.activeElement) || document.activeElement === document.body;
        row.replaceWith(fresh);
        zoneWrite(fresh);
        if (within) fresh.querySelector(".bugs summary").focus({ preventScroll: true });
    };
    const ask = async (bugs, url, address, method, body) => {
        const said = bugs.querySelector("[role=alert]");
        const { token } = bugs.querySelector("form").elements;
        token.value = token.value.trim() || kept();
        if (!token.value) {
            bugs.querySelector("details").open = true;
            token.focus();
            said.textContent = "This needs a token that may write this test group.";
            return;
        }
        said.textContent = "";
        try {
            const headers = { authorization: `Bearer ${token.value}` };
            const answer = await fetch(address, { method, body, headers });
            if (answer.ok) {
                kept(token.value);
                await renew(bugs, url, method === "POST");
                return;
            }
            const reason = (await answer.json().catch(() => ({}))).error?.message;
            said.textContent = `Nothing is changed: ${reason ?? `the server answered ${answer.status}`}.`;
        } catch {
            said.textContent = "Nothing is changed: the server cannot be reached. Try again.";
        }
    };
    document.addEventListener("submit", (event) => {
        const form = event.target.closest("[data-bugs]");
        if (!form) return;
        event.preventDefault();
        const { url, title } = form.elements;
        const body = JSON.stringify({ url: url.value, title: title.value });
        ask(form.closest(".bugs"), url.value.trim(), form.dataset.bugs, "POST", body);
    });
    document.addEventListener("click", (event) => {
        const button = event.target.closest?.("[data-bug]");
        if (!button) return;
        const bugs = button.closest(".bugs");
        const { bugs: address } = bugs.querySelector("form").dataset;
        ask(bugs, button.dataset.bug, `${address}?url=${encodeURIComponent(button.dataset.bug)}`, "DELETE");
    });
    // Who opens the form finds the token that was used before.
    document.addEventListener("focusin", (event) => {
        const token = event.target.closest?.(".bugs")?.querySelector("form").elements.token;
        if (token) token.value ||= kept();
    });
}
