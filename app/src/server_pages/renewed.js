// Pages that are drawn once say so when something new would stand on them. What the reader looks at stays as it
// is until the reader wants it otherwise; then it is drawn anew, as far scrolled and with the same parts open.
{
    const APART = 10_000;
    const KEY = `open ${location.pathname}${location.search}`;
    const page = () => document.querySelector("main .page[data-renews]");
    // What is drawn, but for how long ago anything was.
    const words = (of) => {
        const copy = of.cloneNode(true);
        for (const time of copy.querySelectorAll("time")) time.textContent = time.dateTime;
        for (const own of copy.querySelectorAll("[hidden]")) own.remove();
        return copy.textContent;
    };
    // What can be opened, by what it is called: how many there are of something may differ.
    const parts = () => {
        const times = {};
        return Array.from(page().querySelectorAll("details"), (it) => {
            const name = it.querySelector("summary").textContent.replace(/\d+/g, "");
            times[name] = (times[name] ?? 0) + 1;
            return [`${name} ${times[name]}`, it];
        });
    };
    // As the server drew it: before anything else here writes into it.
    let known;
    let state;
    let timer;
    let last = 0;
    let source;
    const stop = () => {
        clearTimeout(timer);
        timer = undefined;
        source?.close();
        source = undefined;
    };
    const say = () => {
        stop();
        const note = document.createElement("p");
        note.className = "renewed";
        note.dataset.testid = "renewed";
        note.setAttribute("role", "status");
        note.textContent = "There is something new on this page. ";
        const button = document.createElement("button");
        button.className = "button";
        button.textContent = "Show it";
        button.addEventListener("click", () => {
            const open = parts().filter(([, it]) => it.open).map(([name]) => name);
            try {
                sessionStorage.setItem(KEY, JSON.stringify(open));
            } catch {
                // A browser that forbids storage opens nothing, and all else is as well.
            }
            location.reload();
        });
        note.append(button);
        document.body.append(note);
    };
    const told = () => document.querySelector(".renewed");
    const look = async () => {
        timer = undefined;
        last = Date.now();
        const answer = await fetch(location.href, { cache: "no-store" }).catch(() => {});
        if (!answer?.ok || told()) return;
        const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = drawn.querySelector("main .page[data-renews]");
        if (fresh && words(fresh) !== known) say();
    };
    const hear = (event) => {
        const isNew = state !== undefined && state !== event.lastEventId;
        state = event.lastEventId;
        if (isNew && source) timer ??= setTimeout(look, Math.max(1000, last + APART - Date.now()));
    };
    const listen = () => {
        stop();
        if (document.hidden || told()) return;
        source = new EventSource("/api/v2/events");
        for (const name of ["state", "tab", "source", "reload"]) source.addEventListener(name, hear);
    };
    if (page()) {
        known = words(page());
        try {
            const open = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
            sessionStorage.removeItem(KEY);
            for (const [name, it] of parts()) if (open.includes(name)) it.open = true;
        } catch {}
        document.addEventListener("visibilitychange", listen);
        listen();
    }
}
