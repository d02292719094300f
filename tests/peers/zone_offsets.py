#!/usr/bin/env python3
"""What Python's zoneinfo says about time zones. Usage: zone_offsets.py MOMENTS SEED

One line for each zone of /usr/share/zoneinfo, its file read here: the name, then for MOMENTS random
moments `moment:offset` and, for the local time of each, `first` or `second` of the two moments
that it means. Most moments lie around changes of the clock; years 1880 to 2400.
"""

import random
import sys
import zoneinfo
from datetime import datetime, timedelta, timezone

FOLDER = "/usr/share/zoneinfo"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FIRST = int((datetime(1880, 1, 1, tzinfo=timezone.utc) - EPOCH).total_seconds())
LAST = int((datetime(2400, 1, 1, tzinfo=timezone.utc) - EPOCH).total_seconds())


def local(zone, moment):
    return (EPOCH + timedelta(seconds=moment)).astimezone(zone)


def offset(zone, moment):
    return int(local(zone, moment).utcoffset().total_seconds())


def change_after(zone, moment):
    """A change of the offset within two years, to the second; None when there is none."""
    step = 86400 * 40
    before = offset(zone, moment)
    for low in range(moment, moment + 2 * 366 * 86400, step):
        high = low + step
        if offset(zone, high) == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
        return high
    return None


def moments(zone, count, choose):
    for _ in range(count):
        moment = choose.randrange(FIRST, LAST)
        change = change_after(zone, moment) if choose.random() < 0.3 else None
        if change is None:
            yield moment
            continue
        for distance in (-3601, -1, 0, 1, 1800, 3599, 3600, choose.randrange(-90000, 90000)):
            yield change + distance


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    zoneinfo.reset_tzpath([FOLDER])
    for name in sorted(zoneinfo.available_timezones()):
        if name in ("localtime", "Factory"):
            continue
        choose = random.Random(f"{seed} {name}")
        zone = zoneinfo.ZoneInfo(name)
        words = [name]
        for moment in moments(zone, count, choose):
            pass_ = "second" if local(zone, moment).fold else "first"
            words.append(f"{moment}:{offset(zone, moment)}:{pass_}")
        print(" ".join(words))


main()
