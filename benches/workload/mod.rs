//! Lines of telemetry for benches: as applications write them all day, about 500 bytes each, the same in every run.
//!
//! `benches/bed/workload.py` makes lines of the same kind for the runs with a server.

/// One line of this many holds a secret.
pub const SECRET_EVERY: u64 = 20;

const EVENTS: &[&str] = &[
    "auth.login.attempt",
    "auth.stepup.required",
    "orders.refund.issued",
    "orders.export.finished",
    "access.policy.denied",
    "jobs.retry.scheduled",
];
const ROUTES: &[&str] = &["auth.login.show", "orders.refund.store", "tasks.run", "admin.users.index", "reports.show"];
const MESSAGES: &[&str] = &[
    "refund issued after 2 retries",
    "decision taken by policy engine",
    "step-up satisfied with a passkey",
    "menu cache warmed for the branch",
];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/127.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "okhttp/4.12.0",
];
const SEVERITIES: &[&str] = &["info", "info", "info", "info", "info", "info", "info", "debug", "warning", "error"];

/// The lines `from..to`, each with its newline.
pub fn lines(from: u64, to: u64) -> String {
    (from..to).map(|number| line(number) + "\n").collect()
}

/// The `number`th line.
pub fn line(number: u64) -> String {
    let mut chance = Chance(number);
    let event = chance.pick(EVENTS);
    let severity = chance.pick(SEVERITIES);
    let agent = chance.pick(AGENTS);
    let route = chance.pick(ROUTES);
    let message = chance.pick(MESSAGES);
    let request = chance.next();
    let secret = match number % SECRET_EVERY {
        0 => secret(number / SECRET_EVERY, &mut chance),
        _ => String::new(),
    };
    format!(
        r#"{{"event_key":"{event}","severity":"{severity}","actor_admin_id":{},"ip_address":"203.0.113.{}","user_agent":"{agent}","route_name":"{route}","request_id":"{:08x}-7a64-4c9f-8d21-{:012x}","metadata":{{"seq":{number},"resource":"order/{}","took_ms":{}.25,"cache":{{"hit":{},"key":"menu:de:v{}"}},"attempt":{},"host":"web-{}","message":"{message}"{secret}}},"created_at":"2026-11-12T{:02}:{:02}:{:02}.{:06}Z"}}"#,
        1 + chance.below(500),
        chance.below(256),
        request >> 32,
        request & 0xffff_ffff_ffff,
        chance.below(1_000_000),
        chance.below(300),
        chance.below(2) == 0,
        chance.below(9),
        1 + chance.below(3),
        1 + chance.below(20),
        chance.below(24),
        chance.below(60),
        chance.below(60),
        chance.below(1_000_000),
    )
}

fn secret(turn: u64, chance: &mut Chance) -> String {
    let random = chance.next();
    match turn % 5 {
        0 => format!(r#","password":"canary{random}""#),
        1 => format!(r#","note":"refused, Authorization: Bearer canary{random:016x} is expired""#),
        2 => format!(r#","headers":{{"Cookie":"lang=de; PHPSESSID=canary{random:020x}"}}"#),
        3 => format!(r#","note":"mail to canary.kim{}@dev-mail.test bounced""#, random % 1000),
        _ => format!(r#","callback":"https://svc:canary{random:x}@hooks.internal/refund""#),
    }
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len() as u64) as usize]
    }
}
