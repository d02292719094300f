// Random cron expressions, zones and moments, and when two libraries say that they are due next.
// Usage: node cron_answers.mjs COUNT SEED
//
// One line each, with tabs between: flavour, expression, zone, from, and the answers of croner and of
// cron-parser: the next three times in milliseconds since 1970 with commas between them, shorter when
// no more come, "refused: " and why, or "-" for a flavour that the library does not know.
import { Cron } from 'croner';
import { CronExpressionParser } from 'cron-parser';

const [count, seed] = process.argv.slice(2).map(Number);

// A generator that gives the same numbers everywhere (mulberry32).
let state = seed >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const between = (low, high) => low + below(high - low + 1);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;

const zones = [
  'UTC', 'Europe/Berlin', 'Europe/London', 'Europe/Dublin', 'America/New_York', 'America/Los_Angeles',
  'America/Sao_Paulo', 'America/Santiago', 'America/St_Johns', 'America/Havana', 'Australia/Lord_Howe',
  'Australia/Sydney', 'Pacific/Auckland', 'Pacific/Apia', 'Pacific/Chatham', 'Asia/Kolkata',
  'Asia/Kathmandu', 'Asia/Tokyo', 'Asia/Tehran', 'Africa/Cairo', 'Africa/Casablanca', 'Antarctica/Troll',
];
const first = Date.UTC(2020, 0, 1);
const last = Date.UTC(2036, 0, 1);  // up to here JavaScript and tzdata know the same laws
const day = 86400000;

// Moments within a day of which a zone's clock is set.
function changes(zone) {
  const format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  const offset = (time) => format.formatToParts(time).find((part) => part.type === 'timeZoneName').value;
  const found = [];
  const step = 10 * day;
  for (let time = first, before = offset(first); time < last; time += step) {
    const now = offset(time + step);
    if (now === before) continue;
    let low = time;
    for (let high = time + step; high - low > day; ) {
      const middle = low + Math.floor((high - low) / 2);
      if (offset(middle) === before) low = middle;
      else high = middle;
    }
    found.push(low);
    before = now;
  }
  return found;
}
const changesOf = new Map();

// Some of them around a change of the clock.
function moment(zone) {
  if (zone === 'UTC' || chance(0.75)) return Math.floor(first + random() * (last - first));
  if (!changesOf.has(zone)) changesOf.set(zone, changes(zone));
  const near = changesOf.get(zone);
  return (near.length > 0 ? pick(near) : first) + (chance(0.5) ? Math.floor((random() * 3 - 1) * day) : between(0, 8 * 6) * 30 * 60000);
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function item(min, max, name) {
  const value = (n) => (name && chance(0.3) ? name(n) : String(n));
  const low = between(min, max);
  const high = between(low, max);
  switch (below(8)) {
    case 0: return `*/${between(1, max - min + 1)}`;
    case 1: return `${value(low)}-${value(high)}`;
    case 2: return `${low}-${high}/${between(1, 4)}`;
    case 3: return chance(0.2) ? `${low}/${between(1, 9)}` : String(low);
    default: return value(low);
  }
}

// Whether a number is in two items of a list, which cron-parser refuses. Names count as different.
function hasDoubles(list, min, max) {
  const seen = new Set();
  for (const one of list) {
    const [range, step] = one.split('/');
    const [first, last] = range === '*' ? [min, max] : range.split('-').map(Number);
    if (Number.isNaN(first) || Number.isNaN(last)) continue;
    const end = last ?? (step ? max : first);
    for (let n = first; n <= end; n += Number(step ?? 1)) {
      if (seen.has(n)) return true;
      seen.add(n);
    }
  }
  return false;
}

function field(min, max, star, name) {
  if (chance(star)) return '*';
  const items = chance(0.6) ? 1 : between(2, 3);
  for (;;) {
    const list = Array.from({ length: items }, () => item(min, max, name));
    if (items === 1 || chance(0.02) || !hasDoubles(list, min, max)) return list.join(',');
  }
}

function dayField(classic) {
  if (classic && chance(0.08)) return chance(0.5) ? 'L' : `${between(1, 28)},L`;
  return chance(0.05) ? '?' : field(1, 31, 0.5);
}

function weekdayField(classic) {
  if (classic && chance(0.08)) return chance(0.5) ? `${between(0, 7)}L` : `${between(0, 7)}#${between(1, 5)}`;
  if (chance(0.05)) return '?';
  return classic
    ? field(0, 7, 0.5, (n) => weekdays[n % 7])
    : field(1, 7, 0.5, (n) => weekdays[n - 1]);
}

function expression(classic) {
  const parts = [
    field(0, 59, 0.2), field(0, 23, 0.3), dayField(classic),
    field(1, 12, 0.6, (n) => months[n - 1]), weekdayField(classic),
  ];
  if (!classic || chance(0.3)) parts.unshift(field(0, 59, 0.2));
  if (!classic && chance(0.3)) parts.push(field(2020, 2060, 0.3));
  return parts.join(' ');
}

const refused = (error) => `refused: ${error.message.replace(/[\t\n]/g, ' ')}`;

function next(advance) {
  const times = [];
  try {
    while (times.length < 3) {
      const time = advance();
      if (time === null) break;
      times.push(time.getTime());
    }
  } catch (error) {
    if (times.length === 0) return refused(error);
  }
  return times.length === 0 ? 'never' : times.join(',');
}

function ofCroner(text, classic, timezone, from) {
  try {
    const cron = new Cron(text, {
      timezone, paused: true, domAndDow: !classic, alternativeWeekdays: !classic,
    });
    let last = from;
    return next(() => {
      last = cron.nextRun(last);
      return last;
    });
  } catch (error) {
    return refused(error);
  }
}

function ofCronParser(text, classic, tz, from) {
  if (!classic) return '-';
  try {
    const cron = CronExpressionParser.parse(text, { tz, currentDate: from });
    return next(() => cron.next().toDate());
  } catch (error) {
    return refused(error);
  }
}

let out = '';
for (let i = 0; i < count; ++i) {
  const classic = chance(0.6);
  const text = expression(classic);
  const zone = chance(0.3) ? 'UTC' : pick(zones);
  const from = new Date(Math.floor(moment(zone) / 1000) * 1000);
  out += [
    classic ? 'classic' : 'quartz', text, zone, from.getTime(),
    ofCroner(text, classic, zone, from), ofCronParser(text, classic, zone, from),
  ].join('\t') + '\n';
  if (out.length > 65536) {
    process.stdout.write(out);
    out = '';
  }
}
process.stdout.write(out);
