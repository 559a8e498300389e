// On screens too narrow for a grid a tab is a list of its rows, which the server draws; the grid is one
// touch away. `rows.css` hides the grid under the same condition.
{
    const narrow = matchMedia("(max-width: 380px)");
    const show = async () => {
        const tab = document.querySelector("main .tab");
        if (!narrow.matches || !tab || tab.dataset.grid !== undefined) return;
        const address = `${location.pathname}/rows${location.search}`;
        if (tab.dataset.list === address) return;
        tab.dataset.list = address;
        try {
            const answer = await fetch(address);
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const list = page.querySelector(".rows-list");
            if (tab.dataset.list !== address) return;
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
        } catch {
            // Then the grid, as on any screen.
            tab.dataset.grid = "";
        }
    };
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
}
