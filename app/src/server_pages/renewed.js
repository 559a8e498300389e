// Pages that are drawn once say so when something new would stand on them. What the reader looks at stays as it
// is until the reader wants it otherwise; then it is drawn anew, as far scrolled and with the same parts open.
{
    const APART = 10_000;
    // How many times it looks for what it knows to have changed: another server behind the same address may
    // answer, which has yet to read it.
    const TRIES = 3;
    const KEY = `open ${location.pathname}${location.search}`;
    const pageOf = (drawn) => drawn.querySelector("main .page");
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
        return Array.from(pageOf(document).querySelectorAll("details"), (it) => {
            const name = it.querySelector("summary").textContent.replace(/\d+/g, "");
            times[name] = (times[name] ?? 0) + 1;
            return [`${name} ${times[name]}`, it];
        });
    };
    // As the server drew it: before anything else here writes into it.
    const known = words(pageOf(document));
    let { state } = document.documentElement.dataset;
    let timer;
    let last = 0;
    let tries = 0;
    let stop;
    const say = () => {
        clearTimeout(timer);
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
    const look = async () => {
        timer = undefined;
        last = Date.now();
        const answer = await fetch(location.href, { cache: "no-store" }).catch(() => {});
        const isAnswered = answer && answer.status < 500;
        if (isAnswered) tries -= 1;
        const fresh = isAnswered && pageOf(new DOMParser().parseFromString(await answer.text(), "text/html"));
        if (fresh && words(fresh) !== known) {
            if (!document.querySelector(".renewed")) say();
        } else if (tries > 0) {
            timer ??= setTimeout(look, APART);
        }
    };
    const hear = (event) => {
        const isNew = state !== event.lastEventId;
        state = event.lastEventId;
        if (!isNew) return;
        // Most tabs are told of elsewhere, and another process names its states otherwise.
        tries = Math.max(tries, event.type === "infra" || event.type === "reload" ? TRIES : 1);
        timer ??= setTimeout(look, Math.max(1000, last + APART - Date.now()));
    };
    try {
        const open = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
        sessionStorage.removeItem(KEY);
        for (const [name, it] of parts()) if (open.includes(name)) it.open = true;
    } catch {}
    stop = hearChanges(["state", "tab", "source", "infra", "reload"], hear);
}
