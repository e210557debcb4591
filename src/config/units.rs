//! Sizes and durations, from the text people write and back to it.
//!
//! Invariant: what is read is what was written, to the byte and the nanosecond: nothing is rounded, nothing wraps.
//! Invariant: a number whose unit is in doubt is refused.

use std::fmt;
use std::time::Duration;

use super::Refused;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// So many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        ByteSize(bytes)
    }

    /// So many times 1024 bytes.
    ///
    /// # Panics
    /// There are no more than 2⁶⁴ bytes.
    pub const fn from_kib(kib: u64) -> Self {
        ByteSize(kib.checked_mul(1 << 10).expect("fewer than 2^64 bytes"))
    }

    /// So many times 1024² bytes.
    ///
    /// # Panics
    /// There are no more than 2⁶⁴ bytes.
    pub const fn from_mib(mib: u64) -> Self {
        ByteSize(mib.checked_mul(1 << 20).expect("fewer than 2^64 bytes"))
    }

    /// So many times 1024³ bytes.
    ///
    /// # Panics
    /// There are no more than 2⁶⁴ bytes.
    pub const fn from_gib(gib: u64) -> Self {
        ByteSize(gib.checked_mul(1 << 30).expect("fewer than 2^64 bytes"))
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Reads `64MiB`, `512KiB`, `1GiB`, `4096B` or `4096`.
    ///
    /// # Errors
    /// The text is none of these, or more than 2⁶⁴ − 1 bytes.
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let (number, unit) = split_number(text);
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused::new("a size is a whole number with a unit, such as `64MiB`"));
        }
        let scale: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(Refused(size_advice(number, unit))),
        };
        let number: Option<u64> = number.parse().ok();
        let bytes = number.and_then(|number| number.checked_mul(scale));
        bytes.map(ByteSize).ok_or_else(|| Refused::new("that is more bytes than 64 bits can count; use a smaller size"))
    }
}

impl fmt::Display for ByteSize {
    /// The largest unit that says it exactly.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ByteSize(bytes) = *self;
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units.into_iter().find(|(_, scale)| bytes > 0 && bytes.is_multiple_of(*scale)) {
            Some((unit, scale)) => write!(f, "{}{unit}", bytes / scale),
            None => write!(f, "{bytes}B"),
        }
    }
}

fn size_advice(number: &str, unit: &str) -> String {
    let binary = match unit.to_ascii_lowercase().as_str() {
        "k" | "kb" | "kib" => "KiB",
        "m" | "mb" | "mib" => "MiB",
        "g" | "gb" | "gib" => "GiB",
        "b" => "B",
        _ => return "a size is in `B`, `KiB`, `MiB` or `GiB`, such as `64MiB`".to_owned(),
    };
    let number = number.get(..20).unwrap_or(number);
    format!("sizes count in steps of 1024: write `{number}{binary}`")
}

/// Reads `250ms`, `5s`, `1.5s`, `2m` or `24h`.
///
/// # Errors
/// The text is none of these, longer than a [`Duration`] can be, or finer than a nanosecond.
pub(super) fn parse_duration(text: &str) -> Result<Duration, Refused> {
    let shape = || Refused::new("a duration is a number with a unit, such as `250ms`, `5s`, `2m` or `24h`");
    let (number, unit) = split_number(text);
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return Err(shape()),
        Some(parts) => parts,
        None => (number, ""),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(shape());
    }
    let scale: u128 = match unit {
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3600 * 1_000_000_000,
        "" => return Err(Refused(format!("a duration needs a unit: write `{}s`", number.get(..20).unwrap_or(number)))),
        _ => return Err(Refused::new("a duration is in `ms`, `s`, `m` or `h`, such as `250ms`, `5s`, `2m` or `24h`")),
    };
    let too_fine = || Refused::new("that is finer than a duration can be; use fewer decimals");
    let too_long = || Refused::new("that is longer than a duration can be; use a shorter one");
    let whole: u64 = whole.parse().map_err(|_| too_long())?;
    let fraction = fraction.trim_end_matches('0');
    let part = match fraction.len() {
        0 => 0,
        decimals @ 1..=16 => {
            let numerator = scale * fraction.parse::<u128>().map_err(|_| too_fine())?;
            let denominator = 10u128.pow(decimals as u32);
            if !numerator.is_multiple_of(denominator) {
                return Err(too_fine());
            }
            numerator / denominator
        }
        _ => return Err(too_fine()),
    };
    // No overflow: the scale has fewer than 2⁴² values, the number 2⁶⁴.
    let nanoseconds = u128::from(whole) * scale + part;
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).map_err(|_| too_long())?;
    Ok(Duration::new(seconds, (nanoseconds % 1_000_000_000) as u32))
}

/// A duration as people write it, in the largest unit that says it exactly.
pub(super) struct Written(pub(super) Duration);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written(duration) = self;
        let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
        match (seconds, nanoseconds) {
            (0, 0) => write!(f, "0s"),
            (_, 0) if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            (_, 0) if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            (_, 0) => write!(f, "{seconds}s"),
            (0, _) if nanoseconds.is_multiple_of(1_000_000) => write!(f, "{}ms", nanoseconds / 1_000_000),
            _ => write!(f, "{}s", format!("{seconds}.{nanoseconds:09}").trim_end_matches('0')),
        }
    }
}

/// The number a text begins with, and the unit behind it.
fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_to_the_byte() {
        #[track_caller]
        fn check(text: &str, want: Option<u64>) {
            assert_eq!(ByteSize::parse(text).ok().map(ByteSize::bytes), want);
        }
        check("64MiB", Some(64 << 20));
        check("64 MiB", Some(64 << 20));
        check(" 1GiB ", Some(1 << 30));
        check("3KiB", Some(3072));
        check("0B", Some(0));
        check("4096", Some(4096));
        check("18446744073709551615", Some(u64::MAX));
        check("18446744073709551616", None);
        check("17179869183GiB", Some(17_179_869_183 << 30));
        check("17179869184GiB", None);
        check("99999999999999999999999GiB", None);
        check("64MB", None);
        check("64mib", None);
        check("1.5MiB", None);
        check("-1", None);
        check("+1", None);
        check("MiB", None);
        check("", None);
        check("1TiB", None);
        check("1MiB 2", None);
        check("1é", None);
    }

    #[test]
    fn a_size_in_a_wrong_unit_is_refused_with_the_right_one() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let advice = ByteSize::parse(text).unwrap_err().to_string();
            assert!(advice.contains(want), "{advice}");
        }
        check("64MB", "write `64MiB`");
        check("64M", "write `64MiB`");
        check("8kb", "write `8KiB`");
        check("1gib", "write `1GiB`");
        check("12b", "write `12B`");
        check("1 parsec", "`B`, `KiB`, `MiB` or `GiB`");
    }

    #[test]
    fn durations_are_read_to_the_nanosecond() {
        #[track_caller]
        fn check(text: &str, want: Option<Duration>) {
            assert_eq!(parse_duration(text).ok(), want);
        }
        check("250ms", Some(Duration::from_millis(250)));
        check("5s", Some(Duration::from_secs(5)));
        check("2m", Some(Duration::from_secs(120)));
        check("24h", Some(Duration::from_secs(86_400)));
        check("1.5s", Some(Duration::from_millis(1500)));
        check("0.25 h", Some(Duration::from_secs(900)));
        check("0.000001ms", Some(Duration::from_nanos(1)));
        check("0.0000001ms", None);
        check("0.1000000000000000000000000s", Some(Duration::from_millis(100)));
        check("0.3333333333333333s", None);
        check("0s", Some(Duration::ZERO));
        check("18446744073709551615s", Some(Duration::from_secs(u64::MAX)));
        check("18446744073709551616s", None);
        check("18446744073709551615h", None);
        check("5", None);
        check("0", None);
        check("1h30m", None);
        check("1d", None);
        check("5S", None);
        check(".5s", None);
        check("5.s", None);
        check("1.2.3s", None);
        check("-1s", None);
        check("", None);
    }

    #[test]
    fn a_bare_number_is_refused_with_its_seconds() {
        assert_eq!(parse_duration("5").unwrap_err().to_string(), "a duration needs a unit: write `5s`");
    }

    proptest! {
        #[test]
        fn a_size_reads_as_it_is_written(bytes in any::<u64>(), shift in 0u32..40) {
            let size = ByteSize::from_bytes(bytes >> shift << (shift / 2));
            prop_assert_eq!(ByteSize::parse(&size.to_string()).unwrap(), size);
        }

        #[test]
        fn a_duration_reads_as_it_is_written(seconds in any::<u64>(), shift in 0u32..64, nanos in 0u32..1_000_000_000) {
            let duration = Duration::new(seconds >> shift, nanos);
            prop_assert_eq!(parse_duration(&Written(duration).to_string()).unwrap(), duration);
            let whole = Duration::from_secs(seconds >> shift);
            prop_assert_eq!(parse_duration(&Written(whole).to_string()).unwrap(), whole);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in any::<String>()) {
            let outcomes = (ByteSize::parse(&text).is_ok(), parse_duration(&text).is_ok());
            prop_assert!(text.bytes().any(|byte| byte.is_ascii_digit()) || outcomes == (false, false));
        }
    }
}
