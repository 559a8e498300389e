// What changed since the reader last looked: how much, beside the link in the navigation.

const KEY = "looked";
// Whoever was away for so long comes back; until then it is one visit. In milliseconds, like all here.
const AWAY = 30 * 60 * 1000;
const FURTHEST = 7 * 24 * 60 * 60 * 1000;

const stored = () => {
    try {
        return JSON.parse(localStorage.getItem(KEY));
    } catch {
        return null;
    }
};
const store = (looked) => {
    try {
        localStorage.setItem(KEY, JSON.stringify(looked));
    } catch {
        // A browser that forbids storage knows of no earlier visit.
    }
};

const link = document.querySelector("a[data-looked]");
const now = Date.now();
const { since = now, seen = now } = stored() ?? {};
const looked = { since: now - seen > AWAY ? seen : since, seen: now };
const reading = location.pathname === link?.getAttribute("href");
store(reading ? { since: now, seen: now } : looked);
document.addEventListener("visibilitychange", () => {
    store({ ...looked, ...stored(), seen: Date.now() });
});

if (link && !reading && looked.since < now) {
    const from = Math.max(looked.since, now - FURTHEST);
    link.href += `?since=${from}`;
    const answer = await fetch(`/api/v2/changes?only=count&since=${from}`).catch(() => null);
    const { count = 0 } = answer?.ok ? await answer.json() : {};
    if (count > 0) {
        link.dataset.count = count;
        link.title = `${count} since you last looked`;
    }
}
