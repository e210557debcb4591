//! Command lines: which flags and places of which programs take a secret.
//!
//! Long flags that say so themselves (`--password`) need no table; the scan knows them by their words.
//!
//! Invariant: what is looked at behind a place is bounded, or skipped by the scan, so the time is linear.

use std::sync::LazyLock;

use super::super::keys;
use super::super::lookup::Table;
use super::super::markers::marker_at;
use super::{Scan, Span};

/// Which part of an argument is the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    All,
    /// What stands behind the comma: `name,secret`.
    AfterComma,
    /// What stands behind the first colon: `name:secret`.
    AfterColon,
    /// What stands behind the `%`: `name%secret`.
    AfterPercent,
    /// What stands between the first slash and an `@`: `name/secret@host`.
    AfterSlash,
    /// What stands behind `pass:`, where other words would say where the secret is kept.
    AfterPass,
}

/// Where a program takes a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// In the argument behind a flag, or behind its `=`.
    Flag(&'static str, Part),
    /// In the same word as the flag.
    Glued(&'static str),
    /// In the argument behind a bundle of short flags that ends in this one: `-sSu name:secret`.
    Joined(char, Part),
    /// In the argument behind a flag, once the word of a command was there.
    Behind(&'static str, &'static str),
    /// In an argument without a flag, counted from 1 behind the word of a command, or from the start.
    Place(&'static str, u8, Part),
}

use Part::{AfterColon, AfterComma, AfterPass, AfterPercent, AfterSlash, All};
use Takes::{Behind, Flag, Glued, Joined, Place};

/// Programs with arguments that are secrets.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    names: &'static [&'static str],
    /// What a command line of one of them has one of, lower-case: patterns of the raw-line gate.
    gate: &'static [&'static str],
    takes: &'static [Takes],
}

#[rustfmt::skip]
const PROGRAMS: &[Program] = &[
    // Databases and queues
    Program { names: &["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mysqlpump", "mysqlshow", "mysqlslap", "mariadb", "mariadb-dump", "mariadb-admin", "mycli", "xtrabackup", "mariabackup", "mydumper", "myloader"], gate: &["mysql", "mariadb", "mycli", "xtrabackup", "mydumper", "myloader"], takes: &[Glued("-p")] },
    Program { names: &["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop", "cqlsh", "cypher-shell", "neo4j-admin", "rabbitmqadmin", "impala-shell", "beeline", "arangosh", "arangodump", "twine", "hydra", "medusa", "ncrack", "ncftpput", "ncftpget", "dotnet", "nuget", "telegram-cli"], gate: &["twine ", "hydra ", "medusa ", "ncftp", "nuget ", "mongo", "cqlsh", "cypher-shell", "neo4j-admin", "rabbitmqadmin", "impala-shell", "beeline", "arangosh", "arangodump"], takes: &[Flag("-p", All)] },
    Program { names: &["redis-cli", "valkey-cli", "keydb-cli"], gate: &["redis-cli", "valkey-cli", "keydb-cli"], takes: &[Flag("-a", All), Flag("--pass", All)] },
    Program { names: &["redis-server", "valkey-server", "redis-sentinel"], gate: &["requirepass", "masterauth"], takes: &[Flag("--requirepass", All), Flag("--masterauth", All)] },
    Program { names: &["sqlcmd", "bcp", "osql", "tsql", "mssql-cli"], gate: &["sqlcmd", "osql ", "tsql ", "bcp ", "mssql-cli"], takes: &[Glued("-P"), Flag("-P", All)] },
    Program { names: &["sqlplus", "sqlldr", "expdp", "impdp", "rman", "sqlcl"], gate: &["sqlplus", "sqlldr", "expdp", "impdp", "rman ", "sqlcl "], takes: &[Place("", 1, AfterSlash), Flag("target", AfterSlash)] },
    Program { names: &["isql"], gate: &["isql "], takes: &[Place("", 3, All)] },
    Program { names: &["influx", "clickhouse-client", "vsql", "hdbsql"], gate: &["influx ", "clickhouse-client", "vsql ", "hdbsql"], takes: &[Flag("-password", All), Flag("-p", All), Flag("-w", All), Flag("-pw", All)] },
    Program { names: &["rabbitmqctl"], gate: &["rabbitmqctl"], takes: &[Place("add_user", 2, All), Place("change_password", 2, All), Place("authenticate_user", 2, All)] },
    Program { names: &["mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "mqttx"], gate: &["mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "mqttx"], takes: &[Flag("-P", All)] },
    Program { names: &["mosquitto_passwd"], gate: &["mosquitto_passwd"], takes: &[Flag("-b", All), Place("-b", 3, All)] },
    Program { names: &["couchbase-cli", "cbq", "cbbackupmgr"], gate: &["couchbase-cli", "cbbackupmgr"], takes: &[Flag("-p", All)] },
    Program { names: &["etcdctl"], gate: &["etcdctl"], takes: &[Flag("--user", AfterColon), Place("add", 1, AfterColon)] },
    // HTTP
    Program { names: &["curl", "curlie"], gate: &["curl"], takes: &[Joined('u', AfterColon), Flag("-u", AfterColon), Flag("--user", AfterColon), Flag("--proxy-user", AfterColon), Flag("-U", AfterColon), Flag("-E", AfterColon), Flag("--cert", AfterColon), Flag("--oauth2-bearer", All), Flag("--pass", All)] },
    Program { names: &["wget", "aria2c", "ncftpget"], gate: &["wget", "aria2c", "ncftpget"], takes: &[Flag("-u", AfterColon), Flag("--user", AfterColon)] },
    Program { names: &["lftp"], gate: &["lftp"], takes: &[Flag("-u", AfterComma), Flag("-u", AfterColon)] },
    Program { names: &["http", "https", "xh", "httpie"], gate: &["http -", "https -", "xh -", "httpie"], takes: &[Flag("-a", AfterColon), Flag("--auth", AfterColon)] },
    Program { names: &["ab"], gate: &["ab -"], takes: &[Flag("-A", AfterColon), Flag("-P", AfterColon)] },
    Program { names: &["hey", "grpcurl"], gate: &["hey -", "grpcurl"], takes: &[Flag("-a", AfterColon), Flag("-u", AfterColon)] },
    Program { names: &["jenkins-cli.jar", "jenkins-cli"], gate: &["jenkins-cli.jar", "jenkins-cli"], takes: &[Flag("-auth", AfterColon)] },
    Program { names: &["jfrog", "jf", "rclone"], gate: &["jfrog", "jf ", "rclone"], takes: &[Flag("pass", All), Flag("password", All), Flag("token", All), Flag("--user", AfterColon)] },
    Program { names: &["htpasswd"], gate: &["htpasswd"], takes: &[Place("-b", 3, All), Place("-nb", 2, All), Place("-bn", 2, All), Place("-cb", 3, All), Place("-bc", 3, All), Place("-bB", 3, All), Place("-Bb", 3, All), Place("-nbB", 2, All), Place("-nbm", 2, All), Place("-bB", 3, All), Place("-cbB", 3, All)] },
    // Shells, files, keys
    Program { names: &["sshpass"], gate: &["sshpass"], takes: &[Flag("-p", All), Glued("-p")] },
    Program { names: &["plink", "plink.exe", "pscp", "pscp.exe", "psftp", "psftp.exe", "putty", "putty.exe"], gate: &["plink", "plink.exe", "pscp", "pscp.exe", "psftp", "psftp.exe", "putty", "putty.exe"], takes: &[Flag("-pw", All)] },
    Program { names: &["winscp", "winscp.exe", "winscp.com"], gate: &["winscp"], takes: &[Flag("/password", All)] },
    Program { names: &["keytool", "jarsigner", "apksigner"], gate: &["keytool", "jarsigner", "apksigner"], takes: &[Flag("-storepass", All), Flag("-keypass", All), Flag("-new", All), Flag("-srcstorepass", All), Flag("-deststorepass", All), Flag("-srckeypass", All), Flag("-destkeypass", All), Flag("--ks-pass", AfterPass), Flag("--key-pass", AfterPass)] },
    Program { names: &["openssl"], gate: &["openssl"], takes: &[Flag("-k", All), Flag("-pass", AfterPass), Flag("-passin", AfterPass), Flag("-passout", AfterPass), Flag("-password", AfterPass), Flag("-K", All), Flag("-psk", All), Flag("-hmac", All), Flag("-macopt", AfterColon)] },
    Program { names: &["ssh-keygen"], gate: &["ssh-keygen"], takes: &[Flag("-N", All), Flag("-P", All)] },
    Program { names: &["7z", "7za", "7zr", "rar", "unrar"], gate: &["7z ", "7za ", "7zr ", "rar "], takes: &[Glued("-p"), Glued("-hp")] },
    Program { names: &["zip", "unzip", "zipcloak"], gate: &["zip -", "unzip", "zipcloak"], takes: &[Flag("-P", All), Flag("--password", All)] },
    Program { names: &["qpdf"], gate: &["qpdf"], takes: &[Place("--encrypt", 1, All), Place("--encrypt", 2, All), Flag("--password", All)] },
    Program { names: &["pdftk"], gate: &["pdftk"], takes: &[Flag("owner_pw", All), Flag("user_pw", All), Flag("input_pw", All)] },
    Program { names: &["pdftotext", "pdfinfo", "pdftoppm", "pdfimages"], gate: &["pdftotext", "pdfinfo", "pdftoppm", "pdfimages"], takes: &[Flag("-upw", All), Flag("-opw", All)] },
    Program { names: &["age", "gpg", "gpg2"], gate: &["passphrase"], takes: &[Flag("--passphrase", All)] },
    Program { names: &["cryptsetup", "veracrypt", "truecrypt"], gate: &["cryptsetup", "veracrypt", "truecrypt"], takes: &[Flag("-p", All)] },
    Program { names: &["vncpasswd", "x11vnc"], gate: &["vncpasswd", "x11vnc"], takes: &[Flag("-passwd", All)] },
    Program { names: &["xfreerdp", "xfreerdp3", "wlfreerdp", "freerdp", "mstsc"], gate: &["freerdp", "mstsc"], takes: &[Glued("/p:"), Glued("/gp:"), Glued("-p:")] },
    Program { names: &["rdesktop"], gate: &["rdesktop"], takes: &[Flag("-p", All)] },
    // Windows
    Program { names: &["net", "net.exe"], gate: &["net user ", "net use ", "net.exe "], takes: &[Place("use", 2, All), Place("user", 2, All), Place("use", 3, All)] },
    Program { names: &["schtasks", "schtasks.exe"], gate: &["schtasks"], takes: &[Flag("/rp", All), Flag("/p", All)] },
    Program { names: &["wmic", "psexec", "psexec.exe", "psexec64", "cmdkey", "winrs"], gate: &["wmic ", "psexec", "cmdkey", "winrs"], takes: &[Flag("-p", All), Flag("/p", All), Flag("/password", All), Glued("/pass:"), Glued("/password:"), Glued("-p:"), Glued("/p:")] },
    Program { names: &["netdom", "djoin"], gate: &["netdom", "djoin"], takes: &[Glued("/passwordd:"), Glued("/passwordo:"), Glued("/pd:")] },
    Program { names: &["signtool", "signtool.exe", "certutil", "certutil.exe"], gate: &["signtool", "certutil"], takes: &[Flag("/p", All), Flag("-p", All)] },
    // Networks
    Program { names: &["smbclient", "rpcclient", "smbget", "smbmap", "wmiexec", "smbcacls"], gate: &["smbclient", "rpcclient", "smbget", "smbmap", "wmiexec", "smbcacls"], takes: &[Flag("-U", AfterPercent), Flag("--user", AfterPercent), Flag("-p", All)] },
    Program { names: &["crackmapexec", "netexec", "nxc", "evil-winrm", "bloodhound-python"], gate: &["crackmapexec", "netexec", "nxc ", "evil-winrm", "bloodhound-python"], takes: &[Flag("-p", All), Flag("-H", All)] },
    Program { names: &["ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldapwhoami", "ldappasswd", "ldapmodrdn", "ldapcompare"], gate: &["ldapsearch", "ldapmodify", "ldapadd", "ldapdelete", "ldapwhoami", "ldappasswd", "ldapmodrdn", "ldapcompare"], takes: &[Flag("-w", All), Flag("-s", All), Flag("-a", All)] },
    Program { names: &["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk", "snmpgetnext", "snmptrap", "snmpbulkget", "snmptable", "snmpdf", "snmpstatus", "snmpinform"], gate: &["snmpwalk", "snmpget", "snmpset", "snmpbulk", "snmptrap", "snmptable", "snmpdf", "snmpstatus", "snmpinform"], takes: &[Flag("-c", All), Flag("-A", All), Flag("-X", All)] },
    Program { names: &["ipmitool", "ipmiutil", "ipmipower", "racadm"], gate: &["ipmitool", "ipmiutil", "ipmipower", "racadm"], takes: &[Flag("-P", All), Flag("-p", All)] },
    Program { names: &["nmcli"], gate: &["nmcli"], takes: &[Flag("password", All), Flag("wifi-sec.psk", All), Flag("802-11-wireless-security.psk", All)] },
    Program { names: &["iwconfig"], gate: &["iwconfig"], takes: &[Flag("key", All), Flag("enc", All)] },
    Program { names: &["wpa_passphrase"], gate: &["wpa_passphrase"], takes: &[Place("", 2, All)] },
    Program { names: &["radtest"], gate: &["radtest"], takes: &[Place("", 2, All), Place("", 5, All)] },
    Program { names: &["openconnect", "openfortivpn", "vpnc"], gate: &["openconnect", "openfortivpn", "vpnc "], takes: &[Flag("-p", All)] },
    Program { names: &["swaks"], gate: &["swaks"], takes: &[Flag("-ap", All), Flag("--auth-password", All)] },
    Program { names: &["sendemail", "mailx", "s-nail"], gate: &["sendemail", "s-nail"], takes: &[Flag("-xp", All)] },
    Program { names: &["kinit", "kadmin", "kadmin.local"], gate: &["kinit", "kadmin"], takes: &[Flag("-w", All), Flag("-pw", All)] },
    // Deployment
    Program { names: &["docker", "podman", "helm", "nerdctl", "buildah", "skopeo", "oras", "crane", "az", "oc", "regctl"], gate: &["login -"], takes: &[Behind("login", "-p")] },
    Program { names: &["composer", "drush"], gate: &["drush ", "composer config"], takes: &[Place("user:password", 2, All), Place("user-password", 2, All), Place("upwd", 2, All), Place("http-basic.", 2, All), Place("bearer.", 1, All), Place("github-oauth.", 1, All), Place("gitlab-token.", 1, All)] },
    Program { names: &["vault"], gate: &["vault login", "unseal "], takes: &[Place("login", 1, All), Place("unseal", 1, All)] },
    Program { names: &["bw"], gate: &["bw login", "bw unlock"], takes: &[Place("login", 2, All), Place("unlock", 1, All)] },
    Program { names: &["chpasswd", "sudo", "passwd"], gate: &["chpasswd", "sudo -s"], takes: &[] },
    Program { names: &["useradd", "usermod", "adduser"], gate: &["useradd", "usermod", "adduser"], takes: &[Flag("-p", All)] },
    Program { names: &["asadmin", "wsadmin.sh", "jboss-cli.sh", "add-user.sh"], gate: &["asadmin", "jboss-cli", "add-user.sh"], takes: &[Flag("-p", All), Flag("-password", All)] },
];

/// What a line has one of that runs one of the programs.
pub fn gate_words() -> impl Iterator<Item = &'static str> {
    PROGRAMS.iter().flat_map(|program| program.gate).chain(READERS).chain(&["<<<"]).copied()
}

/// What commands are written with that read a secret from what is piped into them, lower-case.
const READERS: &[&str] = &[
    "sudo -s",
    "chpasswd",
    "passwd --stdin",
    "-stdin",
    "passphrase-fd",
    "smbpasswd -s",
    "luksopen",
    "luksformat",
    "htpasswd -i",
];

/// The program of a name, which may stand behind a path.
pub fn program(name: &str) -> Option<&'static Program> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    static TABLE: LazyLock<Table<&Program>> = LazyLock::new(|| {
        Table::of(PROGRAMS.iter().flat_map(|program| program.names.iter().map(move |name| (*name, program))))
    });
    TABLE.get(name).filter(|program| program.names.contains(&name))
}

/// The arguments of a program, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    program: &'static Program,
    /// For each of the program's places, how many arguments came: none before the word of its command did.
    counts: [u8; TAKES_MAX],
    /// What the next argument is.
    next: Option<Part>,
}

/// No program takes secrets in more ways.
const TAKES_MAX: usize = 16;

/// So many arguments are told apart by their number: more than any program has places for secrets.
const PLACES_MAX: u8 = 8;

const _: () = {
    let mut at = 0;
    while at < PROGRAMS.len() {
        let takes = PROGRAMS[at].takes;
        assert!(takes.len() <= TAKES_MAX);
        let mut way = 0;
        while way < takes.len() {
            assert!(!matches!(takes[way], Place(_, PLACES_MAX.., _)));
            way += 1;
        }
        at += 1;
    }
};

/// Command lines of programs that were read last, one for each program.
#[derive(Debug, Clone, Default)]
pub struct Lines(Vec<Line>);

/// What is known of a program's command line: for each place where an argument ends, what was then known of the arguments.
///
/// Where a further command line of the program comes to the same place and knows the same, it is read on from where this
/// one ended: what lies between would be read the same way again.
#[derive(Debug, Clone)]
struct Line {
    program: &'static Program,
    known: Vec<(usize, Arguments)>,
}

impl Line {
    /// Where to read on who has come to `at` and knows of `arguments`.
    fn skip(&self, at: usize, arguments: &Arguments) -> Option<&(usize, Arguments)> {
        let here = self.known.binary_search_by_key(&at, |(end, _)| *end).ok()?;
        self.known.last().filter(|(end, _)| *end > at && self.known[here].1 == *arguments)
    }
}

impl Arguments {
    pub fn of(program: &'static Program) -> Self {
        let mut counts = [0; TAKES_MAX];
        for (count, takes) in counts.iter_mut().zip(program.takes) {
            *count = u8::from(matches!(takes, Place("", ..)));
        }
        Arguments { program, counts, next: None }
    }

    /// Where the secret stands in the next argument, if it has one.
    pub fn secret(&mut self, word: &str) -> Option<(usize, usize)> {
        if let Some(part) = self.next.take().filter(|_| !word.starts_with("--")) {
            return within(word, part);
        }
        for takes in self.program.takes {
            match takes {
                Flag(flag, part) if word == *flag => {
                    self.next = Some(*part);
                    return None;
                }
                Flag(flag, part) => {
                    if let Some(value) = word.strip_prefix(flag).and_then(|rest| rest.strip_prefix(['=', ':'])) {
                        let (start, end) = within(value, *part)?;
                        let at = word.len() - value.len();
                        return Some((at + start, at + end));
                    }
                }
                Joined(flag, part) if is_bundle(word, *flag) => {
                    self.next = Some(*part);
                    return None;
                }
                Glued(flag) if word.len() > flag.len() && word.starts_with(flag) => {
                    return Some((flag.len(), word.len()));
                }
                Glued(_) | Joined(..) | Behind(..) | Place(..) => {}
            }
        }
        let is_flag = word.starts_with('-')
            || self.program.names.contains(&"net") && word.starts_with('/') && !word.starts_with("//");
        let mut secret = None;
        for (count, takes) in self.counts.iter_mut().zip(self.program.takes) {
            match takes {
                Behind(command, flag) => match *count {
                    0 if word == *command => *count = 1,
                    1 if word == *flag => self.next = Some(All),
                    _ => {}
                },
                Place(command, place, part) => {
                    let is_command = || command.ends_with('.') && word.starts_with(command) || word == *command;
                    if *count == 0 {
                        *count = u8::from(is_command());
                    } else if !is_flag {
                        // Whatever has the shape of a name, a slash and a secret is one, wherever it stands.
                        if *count == *place || *part == AfterSlash {
                            secret = secret.or_else(|| within(word, *part));
                        }
                        *count = (*count + 1).min(PLACES_MAX);
                    }
                }
                Flag(..) | Glued(_) | Joined(..) => {}
            }
        }
        secret
    }

    /// Whether the name is a word of everyday, too.
    fn is_word(&self) -> bool {
        self.program.names.iter().any(|name| name.len() <= 5)
    }
}

/// Whether a word is a bundle of short flags that ends in one: `-sSu`.
fn is_bundle(word: &str, flag: char) -> bool {
    let flags = word.strip_prefix('-').unwrap_or_default();
    (2..=6).contains(&flags.len()) && flags.ends_with(flag) && flags.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A part of an argument.
fn within(word: &str, part: Part) -> Option<(usize, usize)> {
    let start = match part {
        All => 0,
        AfterColon => word.find(':')? + 1,
        AfterComma => word.find(',')? + 1,
        AfterPercent => word.find('%')? + 1,
        AfterPass => match word.find(':') {
            Some(colon) if word[..colon].eq_ignore_ascii_case("pass") => colon + 1,
            Some(_) => return None,
            None => 0,
        },
        AfterSlash => {
            let slash = word.find('/').filter(|slash| *slash > 0)?;
            let name = |byte: u8| byte.is_ascii_alphanumeric() || b"_$#".contains(&byte);
            if !word[..slash].bytes().all(name) {
                return None;
            }
            let end = word.find('@').unwrap_or(word.len());
            let quotes = |at: usize| usize::from(word.as_bytes().get(at) == Some(&b'"'));
            let (start, end) = (slash + 1 + quotes(slash + 1), end.checked_sub(quotes(end.wrapping_sub(1)))?);
            return (start < end).then_some((start, end));
        }
    };
    (start < word.len()).then_some((start, word.len()))
}

/// How much of a command line is looked at, in bytes.
const LINE_MAX: usize = 768;

impl Scan<'_> {
    /// Appends the secrets on the command line of the program whose name ends at `at`.
    pub fn after_program(&self, at: usize, spans: &mut Vec<Span>) {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let start = at - self.run_before(at, 24, is_name);
        let name = &self.text[start..at];
        if name.len() < 2 {
            return;
        }
        if name == "echo" || name == "printf" {
            spans.extend(self.piped(at));
            return;
        }
        let Some(program) = program(name) else { return };
        self.looks.set(self.looks.get() + 1);
        let Some(telling) = keys::password() else { return };
        let mut arguments = Arguments::of(program);
        let limit = self.boundary(at + LINE_MAX);
        let mut at = at;
        let lines = &mut self.lines.borrow_mut().0;
        let line = lines.iter().position(|line| std::ptr::eq(line.program, program)).unwrap_or_else(|| {
            lines.push(Line { program, known: Vec::new() });
            lines.len() - 1
        });
        let line = &mut lines[line];
        let mut joined = false;
        while at < limit {
            if let Some((end, known)) = line.skip(at, &arguments) {
                (at, arguments) = (*end, known.clone());
                joined = true;
            }
            let from = self.skip_blanks(at);
            let end = self.argument_end(from, limit);
            if end == from || matches!(self.bytes[from], b'\n' | b'\r' | b';' | b'|' | b'#') || self.is_at(from, "&&") {
                break;
            }
            let range = self.unquoted(from, end);
            let word = &self.text[range.clone()];
            let asked = arguments.next.is_some();
            if let Some((first, last)) = arguments.secret(word) {
                let secret = self.within_quotes(from, range.start + first..range.start + last);
                let value = &self.text[secret.clone()];
                let sure = asked || first > 0 || !arguments.is_word() || super::prose::is_spoken_password(value, true);
                let redirects = value.contains(">/") || value.starts_with(['>', '<', '&']);
                if sure && !redirects && !value.starts_with('-') && marker_at(value).is_none() {
                    spans.extend(self.span(secret, telling));
                }
            }
            at = end;
            // Cut off at the limit, it may go on.
            if end < limit && line.known.last().is_none_or(|(known, _)| *known < end) {
                // What was known before does not lead here.
                if !joined {
                    line.known.clear();
                    joined = true;
                }
                line.known.push((end, arguments.clone()));
            }
        }
        let here = &self.text[start..at.min(limit)];
        if let Some(string) = here.find("<<<")
            && is_reader(here)
        {
            let here = string;
            let mut range = self.here_string(start + here + 3);
            if name == "chpasswd" {
                range.start += self.text[range.clone()].find(':').map_or(0, |colon| colon + 1);
            }
            spans.extend(self.span(range, telling));
        }
    }

    /// The secret in `echo secret | sudo -S …`.
    fn piped(&self, at: usize) -> Option<Span> {
        let limit = self.boundary(at + LINE_MAX);
        let mut from = self.skip_blanks(at);
        // `echo -n`
        while self.byte(from) == Some(b'-') {
            from = self.skip_blanks(self.argument_end(from, limit));
        }
        let end = self.argument_end(from, limit);
        let pipe = self.skip_blanks(end);
        if self.byte(pipe) != Some(b'|') || end == from {
            return None;
        }
        let rest = &self.text[pipe..limit.max(pipe)];
        let rest = rest[1..].split(['\n', ';', '|']).next()?;
        if !is_reader(rest) {
            return None;
        }
        let mut range = self.unquoted(from, end);
        if rest.contains("chpasswd") {
            range.start += self.text[range.clone()].find(':')? + 1;
        }
        self.span(range, keys::password()?)
    }

    fn here_string(&self, at: usize) -> std::ops::Range<usize> {
        let from = self.skip_blanks(at);
        self.unquoted(from, self.argument_end(from, self.boundary(from + LINE_MAX)))
    }

    /// The end of the word of a command line that begins at `at`; blanks in quotes are part of it.
    fn argument_end(&self, at: usize, limit: usize) -> usize {
        let mut end = at;
        while end < limit {
            match self.bytes[end] {
                byte if byte.is_ascii_whitespace() => break,
                b'|' | b';' if end > at => break,
                b'"' | b'\'' | b'\\' => {
                    if let Some(quote) = self.quote_at(end) {
                        match self.close_near(quote) {
                            Some(close) if end == at || quote.slashes == 0 => end = close + quote.slashes,
                            Some(_) => {}
                            // The quote around the command.
                            None => break,
                        }
                    }
                }
                _ => {}
            }
            end += 1;
        }
        self.boundary(end.min(limit))
    }

    /// A part of the word of a command line at `word` without its quotes: `-p'secret'`, `--user='name:secret'`.
    fn within_quotes(&self, word: usize, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        match &self.bytes[range.clone()] {
            [open @ (b'"' | b'\''), _, .., close] if open == close => range.start + 1..range.end - 1,
            [.., close @ (b'"' | b'\'')] if self.bytes[word..range.start].contains(close) => range.start..range.end - 1,
            _ => range,
        }
    }

    /// A word of a command line without the quotes around it.
    fn unquoted(&self, from: usize, end: usize) -> std::ops::Range<usize> {
        match self.quote_at(from) {
            Some(quote) if quote.inside <= end => {
                let close = end.saturating_sub(1 + quote.slashes);
                if close >= quote.inside && self.bytes[end - 1] == quote.byte {
                    quote.inside..close
                } else {
                    quote.inside..end
                }
            }
            _ => from..end,
        }
    }
}

fn is_reader(command: &str) -> bool {
    let lower = command.to_ascii_lowercase();
    READERS.iter().any(|reader| lower.contains(reader))
}

#[cfg(test)]
mod tests {
    use super::super::super::actions::Actions;
    use super::super::super::own::Words;
    use super::super::{Reading, find, redact};

    fn scrub(text: &str) -> String {
        let mut spans = Vec::new();
        find(text, Reading::Prose, &Words::default(), &mut spans);
        redact(text, &mut spans, &Actions::default())
    }

    #[test]
    fn secrets_on_command_lines_are_redacted() {
        #[track_caller]
        fn check(text: &str, secret: &str) {
            assert_eq!(scrub(text), text.replace(secret, "[REDACTED:password]"));
        }
        check("mysql -u root -phunter2 shop", "hunter2");
        check("mysqladmin -uroot -p'hun ter2' status", "hun ter2");
        check("sshpass -p 'a b' ssh x", "a b");
        check("curl -u kim:hunter2 x", "hunter2");
        check("curl --user='kim:hunter2' x", "hunter2");
        check("curl -E client.pem:Certif1cate https://a.test", "Certif1cate");
        check("redis-cli -a hunter2 ping", "hunter2");
        check("sqlplus -s hr/tiger@//ora1:1521/HR @x.sql", "tiger");
        check("sqlplus sys/\"ti*ger\"@orcl as sysdba", "ti*ger");
        check("expdp system/manager schemas=HR", "manager");
        check("isql -v DSN lager Kiste-88", "Kiste-88");
        check("cqlsh 10.2.0.3 -u cassandra -p hunter2 -e x", "hunter2");
        check("rabbitmqctl add_user shovel hunter", "hunter");
        check("/usr/bin/htpasswd -b -B /etc/nginx/.htpasswd stage hunter", "hunter");
        check("keytool -list -keystore cacerts -storepass changeit", "changeit");
        check("openssl enc -k hunter2 -in a", "hunter2");
        check("openssl rsa -passin pass:hunter2 -in a", "hunter2");
        check("ssh-keygen -t ed25519 -N \"hunt er\" -f x", "hunt er");
        check("curl -sSu kim:hunter2 https://a.test", "hunter2");
        check("lftp -u kim,hunter2 sftp://a.test", "hunter2");
        check("sqlcmd -S x -U sa -Phunter2", "hunter2");
        check("net use //nas/share hunter2 /user:kim", "hunter2");
        check("echo 'hunter2' | sudo -S systemctl restart x", "hunter2");
        check("echo kim:hunter2 | chpasswd", "hunter2");
        check("chpasswd <<< kim:hunter2", "hunter2");
        check("smbclient //nas/backup -U kim%hunter2 -c ls", "hunter2");
        check("snmpwalk -v2c -c n3twork 10.9.0.1", "n3twork");
        check("net user kiosk Kiosk-2026! /add", "Kiosk-2026!");
        check("xfreerdp /v:host /u:kim /p:hunter2", "hunter2");
        check("docker login -u ci -p hunter2 registry.test", "hunter2");
        check("qpdf --encrypt hunter2 '' 256 -- in out", "hunter2");
        check("cd x && plink.exe -pw hunter2 kim@host", "hunter2");
    }

    #[test]
    fn command_lines_without_secrets_stay() {
        for text in [
            "mysql -u root -p -e 'select 1'",
            "docker run -p 8080:80 nginx",
            "ssh -p 2222 kim@web-3",
            "docker login -u ci --password-stdin registry.test",
            "the net user count dropped again",
            "the net use of memory grew",
            "openssl rsa -passin env:KEY -in a",
            "openssl x509 -passin file:/etc/ssl/p -in a",
            "echo done | tee log",
            "htpasswd -c /etc/nginx/.htpasswd kim",
            "sqlplus /nolog @x.sql",
            "sqlplus / as sysdba",
            "curl -u kim https://a.test",
            "vault login -method=oidc role=dev",
            "zip -r out.zip src",
            "smbclient //nas/backup -U kim -c ls",
            "mongosh --port 27017 -p",
            "redis-cli -a ***** ping",
            "net use Z: //nas/share /persistent:yes",
        ] {
            assert_eq!(scrub(text), text);
        }
    }
}
