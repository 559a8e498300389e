// What every page says while the server or its database is gone, and what happens when they are back: the
// page says it no longer, listens again, and what could not be shown is shown.
{
    const OFTEN = 15_000;
    const SOON = 3_000;
    let since;
    let timer;
    const banner = () => document.querySelector(".outage");
    const say = (text) => {
        let shown = banner();
        if (!shown) {
            shown = document.createElement("p");
            shown.className = "outage";
            shown.dataset.testid = "outage";
            shown.setAttribute("role", "alert");
            // Behind all that the program knows of.
            document.body.append(shown);
        }
        if (shown.textContent !== text) shown.textContent = text;
    };
    const problem = () => document.querySelector('.problem:is([data-code="unavailable"], [data-code="unreachable"])');
    const what = async () => {
        try {
            const answer = await fetch("/api/v2/health", { cache: "no-store" });
            if (answer.ok) {
                const { database_silent_since: silent } = await answer.json();
                if (!silent) return "";
                const said = `The database gives no answer since ${zoneText(Date.parse(silent))}`;
                return problem() ? `${said}.` : `${said}; these are the last results that were read.`;
            }
        } catch {}
        since ??= Date.now();
        const said = `The server cannot be reached since ${zoneText(since)}`;
        return problem()
            ? `${said}.`
            : `${said}; what stands here was read before, and goes on by itself when the server is back.`;
    };
    const look = async () => {
        clearTimeout(timer);
        if (document.hidden) return;
        const text = await what();
        clearTimeout(timer);
        if (text) {
            say(text);
        } else {
            since = undefined;
            if (banner()) {
                banner().remove();
                // Whoever listens sees whether it still does.
                document.dispatchEvent(new Event("visibilitychange"));
            }
            if (problem()) {
                const answer = await fetch(location.href, { cache: "no-store" }).catch(() => {});
                if (answer?.ok) location.reload();
            }
        }
        timer = setTimeout(look, text || problem() ? SOON : OFTEN);
    };
    addEventListener("DOMContentLoaded", () => {
        timer = setTimeout(look, banner() ? 0 : SOON);
        for (const name of ["online", "offline"]) addEventListener(name, look);
        document.addEventListener("visibilitychange", (event) => {
            // Not by the one of ours.
            if (event.isTrusted) look();
        });
    });
}
