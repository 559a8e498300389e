// Comfort for pages that are complete without it.

// Moments in the zone that the reader wants (`zone.js` knows it), ages as of now.
const writeMoments = () => zoneWrite(document);
writeMoments();
addEventListener("zone", writeMoments);
const age = (ms) => {
    const minutes = Math.floor((Date.now() - ms) / 60_000);
    if (minutes < 1) return "just now";
    if (minutes < 60) return `${minutes} min ago`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
    const days = Math.floor(minutes / 1440);
    return days < 730 ? `${days} days ago` : `${Math.floor(days / 365)} years ago`;
};
setInterval(() => {
    for (const time of document.querySelectorAll("time[datetime]")) {
        const text = age(Date.parse(time.dateTime));
        if (zoneIsAge(time) && time.textContent !== text) time.textContent = text;
    }
}, 30_000);

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
