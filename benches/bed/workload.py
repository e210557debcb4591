"""Lines of telemetry, the same in every run: as applications write them all day, 480 to 520 bytes each on average.

`benches/workload/mod.rs` makes lines of the same kind for the benches without a server.
"""

import json
import zlib

EVENTS = ["auth.login.attempt", "auth.stepup.required", "orders.refund.issued", "orders.export.finished",
          "access.policy.denied", "jobs.retry.scheduled"]
ROUTES = ["auth.login.show", "orders.refund.store", "tasks.run", "admin.users.index", "reports.show"]
MESSAGES = ["refund issued after 2 retries", "decision taken by policy engine",
            "step-up satisfied with a passkey", "menu cache warmed for the branch"]
AGENTS = ["Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/127.0.0.0 Safari/537.36",
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1.15",
          "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "okhttp/4.12.0"]
SEVERITIES = ["info"] * 7 + ["debug", "warning", "error"]

COLUMNS = ["event_key", "severity", "actor_admin_id", "ip_address", "user_agent", "route_name", "request_id", "metadata",
           "created_at"]

# What every secret of the workload begins with, so that what was not scrubbed can be counted.
CANARY = "canary"


class Chance:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        return mixed ^ (mixed >> 31)


def secret(turn, random):
    """A member of `metadata` that no table should hold."""
    kind = turn % 5
    if kind == 0:
        return f',"password":"{CANARY}{random}"'
    if kind == 1:
        return f',"note":"refused, Authorization: Bearer {CANARY}{random:016x} is expired"'
    if kind == 2:
        return f',"headers":{{"Cookie":"lang=de; PHPSESSID={CANARY}{random:020x}"}}'
    if kind == 3:
        return f',"note":"mail to {CANARY}.kim{random % 1000}@dev-mail.test bounced"'
    return f',"callback":"https://svc:{CANARY}{random:x}@hooks.internal/refund"'


def row(number, secrets=5, pad=0):
    """The columns of line `number`; `secrets` of a hundred lines hold one, and `metadata` is `pad` bytes longer."""
    chance = Chance(number)
    a, b, c = chance.next(), chance.next(), chance.next()
    hidden = ""
    if secrets and number * secrets // 100 != (number + 1) * secrets // 100:
        hidden = secret(number * secrets // 100, chance.next())
    filler = f',"filler":"{words(number, pad)}"' if pad else ""
    hit = "true" if c & 1 else "false"
    metadata = (
        f'{{"seq":{number},"resource":"order/{a % 1000000}","took_ms":{b % 300}.25,'
        f'"cache":{{"hit":{hit},"key":"menu:de:v{c % 9}"}},"attempt":{1 + c % 3},"host":"web-{1 + b % 20}",'
        f'"message":"{MESSAGES[(a >> 20) & 3]}"{hidden}{filler}}}')
    return (
        EVENTS[(a >> 24) % len(EVENTS)], SEVERITIES[(a >> 32) % 10], 1 + (b >> 8) % 500, f"203.0.113.{(b >> 20) & 255}",
        AGENTS[(b >> 30) & 3], ROUTES[(b >> 34) % len(ROUTES)],
        f"{c >> 32:08x}-7a64-4c9f-8d21-{c & 0xFFFFFFFFFFFF:012x}", metadata,
        f"2026-11-12T{(a >> 40) % 24:02}:{(a >> 46) % 60:02}:{(a >> 52) % 60:02}.{a % 1000000:06}")


# Of words, as long texts in telemetry are.
FILLER = "the ledger entry was balanced after the second attempt and the order went on to the next step of its way, "


def words(number, length):
    """A text that no other line has: the agent remembers what it has judged before."""
    start = number * 7 % len(FILLER)
    return (f"{number} " + FILLER[start:] + FILLER * (length // len(FILLER) + 1))[:length]


def line(columns):
    """The line of a row."""
    event, severity, actor, address, agent, route, request, metadata, created = columns
    return (f'{{"event_key":"{event}","severity":"{severity}","actor_admin_id":{actor},"ip_address":"{address}",'
            f'"user_agent":"{agent}","route_name":"{route}","request_id":"{request}","metadata":{metadata},'
            f'"created_at":"{created}Z"}}\n')


class Sums:
    """What the table must hold after lines were shipped."""

    def __init__(self):
        self.rows = self.columns = self.seq = self.secrets = self.bytes = 0

    def add(self, number, columns, text):
        """Counts a row with its line."""
        self.rows += 1
        self.columns += zlib.crc32("|".join(str(column) for i, column in enumerate(columns) if i != 7).encode())
        self.seq += number
        self.secrets += CANARY in columns[7]
        self.bytes += len(text)

    def to_dict(self):
        """As plain values."""
        return dict(vars(self))


# The same sums of the table. `seq` and `took_ms` are numbers of `metadata`; a client may have made texts of them.
SUMS_SQL = """SELECT COUNT(*),
  SUM(CRC32(CONCAT_WS('|', event_key, severity, actor_admin_id, ip_address, user_agent, route_name, request_id,
    DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%s.%f')))),
  SUM(JSON_VALUE(metadata, '$.seq')), SUM(metadata LIKE '%canary%'),
  SUM(JSON_TYPE(JSON_EXTRACT(metadata, '$.took_ms')) = 'DOUBLE')
  FROM telemetry_traces"""


def make(path, lines, secrets=5, pad=0, first=0, fields=None, marks=()):
    """Writes `lines` lines to `path`, and with `fields` the rows to that file, columns separated by 0x1F.

    Returns the sums of all lines, by their number, and of the first so many for each number in `marks`.
    """
    sums, result = Sums(), {}
    with open(path, "w", encoding="ascii") as out, open(fields or "/dev/null", "w", encoding="ascii") as rows:
        for number in range(first, first + lines):
            columns = row(number, secrets, pad)
            text = line(columns)
            out.write(text)
            if fields:
                rows.write("\x1f".join(map(str, columns)) + "\n")
            sums.add(number, columns, text)
            if sums.rows in marks:
                result[sums.rows] = sums.to_dict()
    result[lines] = sums.to_dict()
    return result


if __name__ == "__main__":
    # The first line, as a check that it is JSON.
    print(json.dumps(json.loads(line(row(0))), indent=1))
