"""What the runs with a server share: packages, a private MariaDB, processes that are measured, and that all of it ends.

Nothing of the machine's own is touched: the log daemons are unpacked into a folder, not installed, since Debian's packages of
them exclude one another and the system's; the server has its own folder, socket and port. Every process is ended by its own
id, and the work folder is removed, also after Ctrl-C.
"""

import contextlib
import ctypes
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TARGET = os.path.abspath(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")))
KEPT = os.path.join(TARGET, "bench")
TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD = "bench-password"
LIBC = ctypes.CDLL(None)
os.environ["PATH"] += ":/usr/sbin:/sbin"


class Failure(Exception):
    """Something that ends the run; its text is for people."""


def say(text):
    """Tells how far the run is."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def knob(name, default):
    """A number from the environment."""
    try:
        return int(os.environ.get(name, default))
    except ValueError:
        raise Failure(f"{name} must be a whole number") from None


# --- packages ---

INSTALLED = [
    (lambda: shutil.which("mariadbd") and shutil.which("mariadb-install-db"), ["mariadb-server-core"]),
    (lambda: shutil.which("mariadb"), ["mariadb-client-core"]),
    (lambda: shutil.which("gcc"), ["gcc", "libc6-dev"]),
    (lambda: shutil.which("mariadb_config"), ["libmariadb-dev"]),
    (lambda: glob.glob("/usr/lib/python3/dist-packages/MySQLdb"), ["python3-mysqldb"]),
    # syslog-ng finds it in this place only.
    (lambda: glob.glob("/usr/lib/*/dbd/libdbdmysql.so"), ["libdbd-mysql"]),
]


def install():
    """Installs what is missing; none of it is a service."""
    missing = [name for there, names in INSTALLED if not there() for name in names]
    if not missing:
        return
    say("installing " + " ".join(missing))
    apt = [*as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=400"]
    quiet([*apt, "update"])
    quiet([*apt, "install", "-y", "--no-install-recommends", *missing])


def as_root():
    """What makes root of whoever runs this."""
    return [] if os.geteuid() == 0 else ["sudo"]


def quiet(command, **options):
    """Runs a command to its end; what it says is shown only if it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **options)
    except FileNotFoundError:
        raise Failure(f"`{command[0]}` is not installed") from None
    if done.returncode != 0:
        raise Failure(f"`{' '.join(command)}` failed:\n{done.stdout[-3000:]}")
    return done.stdout


class Peers:
    """Log daemons of Debian, unpacked into a folder with the libraries that this machine lacks."""

    SETS = [["rsyslog", "rsyslog-mysql"], ["syslog-ng-core", "syslog-ng-mod-sql"]]

    def __init__(self):
        self.root = os.path.join(KEPT, "peers", "root")
        if not os.path.exists(self.root):
            self.unpack()

    def unpack(self):
        """Downloads the packages as apt would install them, and unpacks them."""
        say("unpacking " + " ".join(name for names in self.SETS for name in names))
        folder = os.path.join(KEPT, "peers")
        shutil.rmtree(folder, ignore_errors=True)
        archives = os.path.join(folder, "archives")
        os.makedirs(os.path.join(archives, "partial"))
        for names in self.SETS:
            # A package that is installed is wanted all the same: its folder is then complete. Nothing of dpkg's is locked
            # or changed.
            download = ["apt-get", "-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={archives}/", "-y", "-d",
                        "--reinstall", "--no-install-recommends", "install", *names]
            try:
                quiet(download)
            except Failure:
                # The lists may be of another day than the mirror.
                quiet([*as_root(), "apt-get", "-o", "DPkg::Lock::Timeout=400", "update"])
                quiet(download)
        unfinished = self.root + ".unfinished"
        for archive in sorted(glob.glob(archives + "/*.deb")):
            quiet(["dpkg-deb", "-x", archive, unfinished])
        os.rename(unfinished, self.root)

    def path(self, pattern):
        """The one file or folder of the packages that matches."""
        found = glob.glob(os.path.join(self.root, pattern))
        if not found:
            raise Failure(f"no {pattern} in {self.root}; remove {os.path.dirname(self.root)} and start again")
        return found[0]

    def environment(self):
        """Lets the daemons find their libraries."""
        folders = [folder for pattern in ("usr/lib/*-linux-gnu", "lib/*-linux-gnu", "usr/lib/syslog-ng")
                   for folder in glob.glob(os.path.join(self.root, pattern))]
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(folders)}

    def versions(self):
        """Which they are."""
        names = [os.path.basename(path) for path in glob.glob(os.path.join(KEPT, "peers/archives/*.deb"))]
        wanted = {"rsyslog", "syslog-ng-core"}
        return [" ".join(name.split("_")[:2]) for name in sorted(names) if name.split("_")[0] in wanted]


# --- processes ---


def end_with_parent():
    """In a child: dies when the run is killed without a chance to end it."""
    LIBC.prctl(1, signal.SIGKILL)


class Process:
    """A process that is measured: when it ended, its CPU time, its peak memory."""

    def __init__(self, command, log, env=None, cwd=None):
        self.command, self.log = command, log
        with open(log, "ab") as out:
            # Another session, so that Ctrl-C reaches only the run, which then ends its processes in order.
            self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=cwd,
                                          start_new_session=True, preexec_fn=end_with_parent)
        self.begun = time.monotonic()
        self.pid, self.ended, self.usage, self.status = self.child.pid, None, None, None
        self.peak, self.cpu_seen = 0, 0.0
        self.waiter = threading.Thread(target=self.wait_for_end, daemon=True)
        self.waiter.start()

    def wait_for_end(self):
        """Takes the time of the end to the point, and what the kernel says then."""
        _, status, usage = os.wait4(self.pid, 0)
        self.status, self.usage, self.ended = os.waitstatus_to_exitcode(status), usage, time.monotonic()
        self.child.returncode = self.status

    def look(self):
        """Notes the memory and the CPU time."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as status:
                for text in status:
                    if text.startswith("VmHWM:"):
                        self.peak = max(self.peak, int(text.split()[1]))
            self.cpu_seen = self.stat_cpu()

    def stat_cpu(self):
        """Seconds of CPU until now, those of children that ended included."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / TICKS

    def cpu(self):
        """Seconds of CPU: the kernel's own sum if it has ended, else as far as it was seen."""
        if self.usage:
            return self.usage.ru_utime + self.usage.ru_stime
        return self.cpu_seen

    def running(self):
        """Whether it has not ended."""
        return self.waiter.is_alive()

    def stop(self, grace=20):
        """Ends it and waits for that."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not self.running():
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)
            self.waiter.join(grace)

    def said(self):
        """The end of its log."""
        with open(self.log, "rb") as log:
            return log.read().decode(errors="replace")[-2000:]


class Bed:
    """The work folder, and every process; leaving it ends and removes all of them."""

    def __init__(self, name):
        self.name, self.processes, self.folder = name, [], None

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.interrupted)
        os.makedirs(KEPT, exist_ok=True)
        # Beside the build, not in /tmp: that may be memory, and a database is about disks.
        self.folder = tempfile.mkdtemp(prefix=self.name + "-", dir=KEPT)
        return self

    def __exit__(self, *_):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self.processes):
            process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def interrupted(number, _):
        """A signal is an exception, so that everything is put away on the way out."""
        raise KeyboardInterrupt(signal.Signals(number).name)

    def path(self, *parts):
        """A path in the work folder."""
        return os.path.join(self.folder, *parts)

    def fresh(self, name):
        """An empty folder."""
        path = self.path(name)
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path, mode=0o700)
        return path

    def start(self, command, log, **options):
        """Starts a process that ends with the bed at the latest."""
        self.processes = [process for process in self.processes if process.running()]
        process = Process(command, self.path(log), **options)
        self.processes.append(process)
        return process


def free_port():
    """A TCP port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- the server ---


class Server:
    """A MariaDB of our own: durable, with a buffer pool and a redo log that hold the run."""

    OPTIONS = ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=1G",
               "--skip-log-bin", "--skip-name-resolve", "--performance-schema=OFF", "--local-infile=ON",
               "--bind-address=127.0.0.1", "--max-connections=100"]

    def __init__(self, bed):
        self.bed, self.port, self.socket = bed, free_port(), bed.path("mariadb.sock")
        data = bed.path("data")
        user = ["--user=root"] if os.geteuid() == 0 else []
        say("starting a private mariadbd")
        quiet(["mariadb-install-db", "--no-defaults", *user, f"--datadir={data}", "--skip-test-db",
               "--auth-root-authentication-method=normal"])
        self.process = bed.start(
            [shutil.which("mariadbd"), "--no-defaults", *user, f"--datadir={data}", f"--socket={self.socket}",
             f"--pid-file={bed.path('mariadb.pid')}", f"--log-error={bed.path('mariadb.err')}", f"--port={self.port}",
             f"--tmpdir={bed.fresh('mariadb-tmp')}", *self.OPTIONS], "mariadb.out")
        sys.path.append("/usr/lib/python3/dist-packages")
        import MySQLdb
        self.driver = MySQLdb
        self.connection = None
        deadline = time.monotonic() + 60
        while self.connection is None:
            try:
                self.connection = MySQLdb.connect(unix_socket=self.socket, user="root", autocommit=True)
            except MySQLdb.Error as error:
                if time.monotonic() > deadline or not self.process.running():
                    raise Failure(f"mariadbd does not answer: {error}") from None
                time.sleep(0.1)
        self.run("CREATE DATABASE app CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        self.run(f"CREATE USER bench@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        self.run("GRANT ALL ON app.* TO bench@'127.0.0.1'")
        self.run("USE app")

    def run(self, sql):
        """The rows of a statement."""
        cursor = self.connection.cursor()
        cursor.execute(sql)
        rows = cursor.fetchall()
        cursor.close()
        return rows

    def status(self, name):
        """A counter of the server's."""
        return int(self.run(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    def version(self):
        """Which it is."""
        return self.run("SELECT VERSION()")[0][0]


# --- the agent ---

AGENT = """[agent]
id = "bench"
[spool]
paths = ["{spool}/*.ndjson"]
[database]
url = "mysql://bench@127.0.0.1:{port}/app"
password_file = "{folder}/password"
[shed]
first = []
soft_backlog_bytes = "512GiB"
max_backlog_bytes = "1024GiB"
max_age = "1000h"
[state]
directory = "{folder}/state"
[metrics]
listen = ""
"""


class Agent:
    """The agent's binary and its config for a fresh spool."""

    def __init__(self):
        self.binary = os.environ.get("TRACESPOOL")
        if not self.binary:
            say("building the agent (TRACESPOOL=/path/to/tracespool uses one that is there)")
            quiet(["cargo", "build", "--release", "--locked"], cwd=ROOT)
            self.binary = os.path.join(TARGET, "release", "tracespool")
        self.binary = os.path.abspath(self.binary)
        # As the service has it.
        self.environment = dict(os.environ)
        with open(os.path.join(ROOT, "systemd", "tracespool.service"), encoding="ascii") as unit:
            for line in unit:
                if line.startswith("Environment="):
                    name, value = line.removeprefix("Environment=").strip().split("=", 1)
                    self.environment[name] = value

    def config(self, bed, server, more=""):
        """A config with an empty spool and no memory; returns its path and the spool. `more` is TOML."""
        folder = bed.fresh("agent")
        spool = os.path.join(folder, "spool")
        os.mkdir(spool)
        os.mkdir(os.path.join(folder, "state"), 0o700)
        with open(os.path.join(folder, "password"), "w", encoding="ascii", opener=private) as password:
            password.write(PASSWORD)
        path = os.path.join(folder, "config.toml")
        with open(path, "w", encoding="ascii") as config:
            config.write(AGENT.format(spool=spool, folder=folder, port=server.port) + more)
        return path, spool

    def fresh_table(self, server, config):
        """An empty table, as `tracespool migrate` makes it."""
        server.run("DROP TABLE IF EXISTS telemetry_traces, tracespool_progress")
        quiet([self.binary, "migrate", "--config", config])


def private(path, flags):
    """Opens a file that only its owner may read."""
    return os.open(path, flags, 0o600)


# --- what was measured ---


def follow(server, process, rows=None, timeout=3600, stall=120):
    """Watches a process until it ends, or until the server has taken `rows` more rows than at its start.

    Returns seconds, CPU seconds of the process and of the server, and whether all came in time.
    """
    before_rows, before_cpu = server.status("Handler_write"), server.process.stat_cpu()
    moved_at, moved = time.monotonic(), before_rows
    look_at = 0.0
    finished = True
    while process.running():
        process.look()
        now = time.monotonic()
        if now >= look_at and rows is not None:
            look_at = now + 0.25
            inserted = server.status("Handler_write")
            if inserted - before_rows >= rows and server.run("SELECT COUNT(*) FROM telemetry_traces")[0][0] >= rows:
                break
            if inserted > moved:
                moved_at, moved = now, inserted
            if now - moved_at > stall:
                finished = False
                break
        if now - process.begun > timeout:
            finished = False
            break
        time.sleep(0.02)
    server_cpu = server.process.stat_cpu() - before_cpu
    ended = process.ended or time.monotonic()
    return {"seconds": ended - process.begun, "client_cpu": process.cpu(), "server_cpu": server_cpu,
            "peak_kib": process.peak, "finished": finished}


def machine():
    """The machine, for the head of a table."""
    with open("/proc/meminfo", encoding="ascii") as info:
        memory = int(info.readline().split()[1]) / (1 << 20)
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
        for text in info:
            if text.startswith("model name"):
                model = text.partition(":")[2].strip()
                break
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, kernel {os.uname().release}, "
            f"load {load:.1f} at the start")


def median(values):
    """The middle one, or the mean of the two in the middle."""
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def spread(values, digits):
    """The median, with the smallest and the largest where they differ."""
    def shown(value):
        return f"{value:,.{digits}f}"

    text = shown(median(values))
    low, high = shown(min(values)), shown(max(values))
    return text if low == high else f"{text} ({low}–{high})"


def main(run):
    """Runs and tells what went wrong in words."""
    try:
        run()
    except Failure as failure:
        print(f"{os.path.relpath(sys.argv[0], ROOT)}: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt as interrupt:
        print(f"{os.path.relpath(sys.argv[0], ROOT)}: interrupted by {interrupt}; everything was ended and removed",
              file=sys.stderr)
        sys.exit(130)
