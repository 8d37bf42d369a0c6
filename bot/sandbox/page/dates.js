// Times as the chosen person reads them: in their time zone, whatever the browser's is.

const LOCALE = "en-GB";
const DAY = 86_400_000;

function write(unix, tz, options) {
  return new Intl.DateTimeFormat(LOCALE, { timeZone: tz, ...options }).format(unix * 1000);
}

export function clock(unix, tz) {
  return write(unix, tz, { hour: "2-digit", minute: "2-digit" });
}

export function full(unix, tz) {
  return write(unix, tz, { dateStyle: "full", timeStyle: "medium" });
}

export function dayOf(unix, tz) {
  return fromUnix(unix, tz).date;
}

const NEAR = new Map([[-1, "Yesterday"], [0, "Today"], [1, "Tomorrow"]]);

function nearName(unix, tz) {
  const day = (seconds) => Date.parse(`${dayOf(seconds, tz)}T00:00:00Z`);
  return NEAR.get((day(unix) - day(Date.now() / 1000)) / DAY);
}

export function dayLabel(unix, tz) {
  return nearName(unix, tz) ?? write(unix, tz, { weekday: "long", day: "numeric", month: "long" });
}

function ago(unix) {
  const seconds = Math.round(Date.now() / 1000 - unix);
  const [amount, unit] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]]
    .map(([size, name]) => [Math.trunc(seconds / size), name])
    .find(([count, name]) => count !== 0 || name === "second");
  return new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" }).format(-amount, unit);
}

const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const MIDDLE = { day: "numeric", month: "long", year: "numeric" };
const SHORT = { day: "numeric", month: "short", year: "numeric" };

const TOKENS = {
  date_num: (unix, tz) => dayOf(unix, tz),
  date_slash: (unix, tz) => write(unix, tz, { dateStyle: "short" }),
  date: (unix, tz) => write(unix, tz, MIDDLE),
  date_short: (unix, tz) => write(unix, tz, SHORT),
  date_long: (unix, tz) => write(unix, tz, LONG),
  date_pretty: (unix, tz) => nearName(unix, tz)?.toLowerCase() ?? write(unix, tz, MIDDLE),
  date_short_pretty: (unix, tz) => nearName(unix, tz)?.toLowerCase() ?? write(unix, tz, SHORT),
  date_long_pretty: (unix, tz) => nearName(unix, tz)?.toLowerCase() ?? write(unix, tz, LONG),
  day_divider_pretty: dayLabel,
  time: clock,
  time_secs: (unix, tz) =>
    write(unix, tz, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago,
};

// A date token of mrkdwn: `{date_short_pretty} at {time}` for these seconds; `first` in its line.
export function formatted(unix, format, tz, first = false) {
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => TOKENS[name]?.(unix, tz) ?? whole);
  return first ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

function parts(unix, tz) {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: tz, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  return Object.fromEntries(format.formatToParts(unix * 1000).map((part) => [part.type, part.value]));
}

export function fromUnix(unix, tz) {
  const part = parts(unix, tz);
  return { date: `${part.year}-${part.month}-${part.day}`, time: `${part.hour}:${part.minute}` };
}

function offset(unix, tz) {
  const part = parts(unix, tz);
  const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return wall / 1000 - Math.floor(unix);
}

// The unix seconds of a wall clock in a time zone; null where the date or time is not complete.
export function toUnix(date, time, tz) {
  const wall = Date.parse(`${date}T${time}:00Z`) / 1000;
  if (!date || !time || Number.isNaN(wall)) return null;
  const guess = wall - offset(wall, tz);
  return wall - offset(guess, tz);
}
