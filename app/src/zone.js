// In which zone times are written: the computer's, or the one that the reader chose here. The program and
// the pages that the server draws alone both ask `zoneOffset` and `zoneName`, and hear the event `zone`
// when the choice is another. `zoneText` writes a moment, `zoneOf` the moments in a text,
// `zoneWrite` those in what the server drew.
{
    const kept = "zone";
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    // Minutes ahead of UTC in the chosen zone, by quarter of an hour: no zone changes in between.
    const known = new Map();
    let chosen = "";
    let format;
    const choose = (zone) => {
        known.clear();
        chosen = "";
        format = undefined;
        if (zone && zone !== own) {
            try {
                format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
                chosen = zone;
            } catch {
                // A zone that this browser does not know: its own is better than none.
            }
        }
    };
    try {
        choose(localStorage.getItem(kept));
    } catch {
        // A browser that forbids storage forgets the choice, nothing else.
    }
    globalThis.zoneName = (short) => {
        if (!chosen) return short ? "local" : "local time";
        return short ? chosen.split("/").at(-1).replaceAll("_", " ") : chosen;
    };
    globalThis.zoneOffset = (ms) => {
        if (!format) return -new Date(ms).getTimezoneOffset();
        const quarter = Math.floor(ms / 900_000);
        let minutes = known.get(quarter);
        if (minutes === undefined) {
            const text = format.format(quarter * 900_000);
            const [, sign, hours, rest] = /GMT([+-])(\d\d):(\d\d)/.exec(text) ?? [0, "+", 0, 0];
            minutes = (sign === "-" ? -1 : 1) * (hours * 60 + Number(rest));
            known.set(quarter, minutes);
        }
        return minutes;
    };
    const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const two = (number) => String(number).padStart(2, "0");
    // In the form that the server writes it.
    globalThis.zoneText = (ms) => {
        const at = new Date(ms + zoneOffset(ms) * 60_000);
        const day = `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
        const text = `${day} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
        return chosen === "UTC" ? `${text} UTC` : text;
    };
    // A text in which the server has written moments.
    globalThis.zoneOf = (text) =>
        text.replace(/(\d+) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d) UTC/g, (_, day, month, year, hour, minute) =>
            zoneText(Date.UTC(year, months.indexOf(month), day, hour, minute)),
        );
    // What an element says, in which the server wrote moments: they are written anew with every choice.
    const told = new WeakMap();
    const toldHere = (element, shown) => {
        const [drawn, written] = told.get(element) ?? [];
        const text = shown === written ? drawn : shown;
        const mine = zoneOf(text);
        told.set(element, [text, mine]);
        return mine;
    };
    globalThis.zoneIsAge = (time) => /(ago|now)$/.test(time.textContent);
    globalThis.zoneWrite = (root) => {
        for (const time of root.querySelectorAll("time[datetime]")) {
            const text = zoneText(Date.parse(time.dateTime));
            if (!zoneIsAge(time) && time.textContent !== text) time.textContent = text;
        }
        for (const end of root.querySelectorAll(".chart__end")) {
            const text = toldHere(end, end.textContent);
            if (end.textContent !== text) end.textContent = text;
        }
    };
    // What hovering over a run tells is written when somebody does: a page may have thousands.
    let hovered;
    const tell = (run) => {
        if (!run) return;
        hovered = run;
        const inside = run.querySelector("title");
        const shown = inside ? inside.textContent : run.title;
        const mine = toldHere(run, shown);
        if (mine === shown) return;
        if (inside) inside.textContent = mine;
        else run.title = mine;
    };
    const TELLING = ".strip__run, .chart__point, [data-moments]";
    addEventListener("pointerover", (event) => tell(event.target.closest?.(TELLING)));
    addEventListener("zone", () => tell(hovered));
    addEventListener("DOMContentLoaded", () => {
        const label = document.createElement("label");
        label.className = "bottom__zone";
        label.append("Times in ");
        const select = document.createElement("select");
        select.dataset.testid = "zone";
        const add = (value, text = value.replaceAll("_", " ")) => select.add(new Option(text, value));
        add("", `local time (${own})`);
        add("UTC");
        if (chosen && chosen !== "UTC") add(chosen);
        select.value = chosen;
        // Some four hundred: only for who looks.
        const addAll = () => {
            const there = new Set(Array.from(select.options, (option) => option.value));
            for (const zone of Intl.supportedValuesOf?.("timeZone") ?? []) {
                if (!there.has(zone) && zone !== own) add(zone);
            }
        };
        select.addEventListener("focus", addAll, { once: true });
        select.addEventListener("change", () => {
            choose(select.value);
            try {
                localStorage.setItem(kept, chosen);
            } catch {}
            dispatchEvent(new Event("zone"));
        });
        label.append(select);
        document.querySelector(".bottom")?.append(label);
    });
}
