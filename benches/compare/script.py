"""What a user would write: NDJSON into the table, 1000 rows a call, where it stood in a file beside it."""

import json
import os
import sys

import MySQLdb

COLUMNS = ["event_key", "severity", "actor_admin_id", "ip_address", "user_agent", "route_name", "request_id"]
SQL = ("INSERT INTO telemetry_traces (event_key, severity, actor_admin_id, ip_address, user_agent, route_name, request_id,"
       " metadata, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)")


def main(path, port, password, state):
    """Ships the file to its end."""
    database = MySQLdb.connect(host="127.0.0.1", port=port, user="bench", passwd=password, db="app", charset="utf8mb4")
    cursor = database.cursor()
    with open(path, "rb") as spool:
        if os.path.exists(state):
            with open(state, encoding="ascii") as offset:
                spool.seek(int(offset.read()))
        while True:
            rows = []
            for line in spool:
                record = json.loads(line)
                metadata = json.dumps(record.get("metadata"))
                rows.append([*map(record.get, COLUMNS), metadata, record["created_at"].rstrip("Z")])
                if len(rows) == 1000:
                    break
            if not rows:
                return
            cursor.executemany(SQL, rows)
            database.commit()
            with open(state + ".new", "w", encoding="ascii") as offset:
                offset.write(str(spool.tell()))
            os.rename(state + ".new", state)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
