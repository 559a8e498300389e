// What changes, as the server tells it, for whatever on a page listens without the program: one connection for
// each, only while the page can be seen.
{
    // What was refused, as by a proxy while the server behind it begins; what only broke off the browser itself
    // tries again.
    const AGAIN = 5_000;
    // Calls `hear` with each event of these names, until the function that it answers is called.
    globalThis.hearChanges = (names, hear) => {
        let source;
        let again;
        const end = () => {
            clearTimeout(again);
            source?.close();
            source = undefined;
        };
        const listen = () => {
            end();
            if (document.hidden) return;
            const mine = new EventSource("/api/v2/events");
            source = mine;
            for (const name of names) mine.addEventListener(name, (event) => source === mine && hear(event));
            mine.addEventListener("error", () => {
                if (source === mine && mine.readyState === EventSource.CLOSED) again = setTimeout(listen, AGAIN);
            });
        };
        document.addEventListener("visibilitychange", listen);
        listen();
        return () => {
            document.removeEventListener("visibilitychange", listen);
            end();
        };
    };
}
