// Comfort for pages that are complete without it.

// Moments in the zone that the reader wants, in the form that the server writes them; ages as of now.
// `zone.js` knows the zone.
const times = Array.from(document.querySelectorAll("time[datetime]"), (time) => {
    const text = time.textContent;
    return { time, text, ms: Date.parse(time.dateTime), isAge: !text.endsWith(" UTC") };
});
const axes = Array.from(document.querySelectorAll(".chart__end"), (end) => ({ end, text: end.textContent }));
const age = (ms) => {
    const minutes = Math.floor((Date.now() - ms) / 60_000);
    if (minutes < 1) return "just now";
    if (minutes < 60) return `${minutes} min ago`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
    const days = Math.floor(minutes / 1440);
    return days < 730 ? `${days} days ago` : `${Math.floor(days / 365)} years ago`;
};
const write = (one, text) => {
    if (one.time.textContent !== text) one.time.textContent = text;
};
const writeMoments = () => {
    for (const one of times) {
        if (!one.isAge) write(one, zoneText(one.ms));
    }
    for (const { end, text } of axes) {
        if (end.textContent !== zoneOf(text)) end.textContent = zoneOf(text);
    }
};
const writeAges = () => {
    for (const one of times) {
        if (one.isAge) write(one, age(one.ms));
    }
};
writeMoments();
addEventListener("zone", writeMoments);
setInterval(writeAges, 30_000);

// Where this page is in the navigation.
for (const link of document.querySelectorAll(".top__nav a[rel=external]")) {
    if (`${location.pathname}/`.startsWith(`${new URL(link.href).pathname}/`)) link.ariaCurrent = "page";
}

// The theme, as on every page.
document.querySelector(".top__theme")?.addEventListener("click", () => {
    const root = document.documentElement;
    const now =
        root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    try {
        localStorage.setItem("theme", root.dataset.theme);
    } catch {
        // A browser that forbids storage forgets the choice, nothing else.
    }
});

// Buttons that copy the text of the element that they name.
for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
        const words = button.textContent;
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        button.textContent = "Copied";
        setTimeout(() => {
            button.textContent = words;
        }, 2000);
    });
}

// Issues are linked and unlinked with a token, which is kept as long as this browser tab is open.
for (const bugs of document.querySelectorAll(".bugs")) {
    const form = bugs.querySelector("form");
    const more = bugs.querySelector("details");
    const said = bugs.querySelector("[role=alert]");
    const token = form.elements.token;
    more.hidden = false;
    try {
        token.value = sessionStorage.getItem("token") ?? "";
    } catch {
        // A browser that forbids storage asks again, nothing else.
    }
    const ask = async (address, method, body) => {
        if (!token.value.trim()) {
            more.open = true;
            token.focus();
            said.textContent = "This needs a token that may write this test group.";
            return;
        }
        said.textContent = "";
        try {
            const headers = { authorization: `Bearer ${token.value.trim()}` };
            const answer = await fetch(address, { method, body, headers });
            if (answer.ok) {
                try {
                    sessionStorage.setItem("token", token.value.trim());
                } catch {}
                location.reload();
                return;
            }
            const reason = (await answer.json().catch(() => ({}))).error?.message;
            said.textContent = `Nothing is changed: ${reason ?? `the server answered ${answer.status}`}.`;
        } catch {
            said.textContent = "Nothing is changed: the server cannot be reached. Try again.";
        }
    };
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        const { url, title } = form.elements;
        ask(form.dataset.bugs, "POST", JSON.stringify({ url: url.value, title: title.value }));
    });
    for (const button of bugs.querySelectorAll("button[data-bug]")) {
        button.hidden = false;
        button.addEventListener("click", () =>
            ask(`${form.dataset.bugs}?url=${encodeURIComponent(button.dataset.bug)}`, "DELETE"),
        );
    }
}
