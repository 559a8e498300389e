// Comfort for pages that are complete without it.

const two = (number) => String(number).padStart(2, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// Moments in the reader's zone, in the form that the server writes them; ages stay as they are.
for (const time of document.querySelectorAll("time[datetime]")) {
    if (!time.textContent.endsWith(" UTC")) continue;
    const at = new Date(time.dateTime);
    const day = `${at.getDate()} ${months[at.getMonth()]} ${at.getFullYear()}`;
    time.textContent = `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
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
