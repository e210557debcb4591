//! The moment of a line: `created_at` as people and programs write it, read exactly and written for a DATETIME(6).
//!
//! Invariant: no clock is read here, and no float: what is finer than a microsecond is cut off towards the past.
//! Invariant: what is read lies within [`Timestamp::MIN`] and [`Timestamp::MAX`], the range of the column.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Days from 0000-03-01, where the eras of [`days_before`] begin, to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Days of the 400 years after which the calendar repeats.
const ERA: i64 = 146_097;

impl Timestamp {
    /// 1000-01-01 00:00:00.000000, the first moment a DATETIME takes.
    pub const MIN: Timestamp = Timestamp(-30_610_224_000 * SECOND);

    /// 9999-12-31 23:59:59.999999, the last moment a DATETIME takes.
    pub const MAX: Timestamp = Timestamp(253_402_300_800 * SECOND - 1);

    /// Reads a text: RFC 3339 (`T`, `t` or a space between date and time; any offset), the same without an offset,
    /// which is then UTC, or an epoch as [`Timestamp::parse_epoch`] takes it. Any number of fraction digits.
    ///
    /// A leap second (`:60`) is read as `:59` with its own fraction: the column has no 60th second, and a line must not
    /// move into the next day. `None` when the text is none of these, no date of the calendar, or out of range.
    pub fn parse(text: &str) -> Option<Self> {
        // No number has a `-` behind four digits.
        match text.as_bytes() {
            [_, _, _, b'0'..=b'9', b'-', ..] => parse_calendar(text.as_bytes()),
            _ => Self::parse_epoch(text),
        }
    }

    /// Reads a number as time since 1970-01-01T00:00:00Z: below 10^11 in seconds, below 10^14 in milliseconds, below
    /// 10^17 in microseconds, else in nanoseconds; the sign does not count. Integer, decimal or with an exponent.
    ///
    /// `None` when it is not such a number, or out of range.
    pub fn parse_epoch(number: &str) -> Option<Self> {
        let decimal = Decimal::parse(number.as_bytes())?;
        let to_microseconds = match decimal.magnitude {
            ..=11 => 6,
            12..=14 => 3,
            15..=17 => 0,
            18.. => -3,
        };
        Timestamp(decimal.floor_shifted(to_microseconds)?).in_range()
    }

    /// Year, month, day, hour, minute, second and microsecond in UTC; clamped to the range of the column.
    pub fn civil(self) -> (u16, u8, u8, u8, u8, u8, u32) {
        let Timestamp(micros) = self.clamp(Self::MIN, Self::MAX);
        let (year, month, day) = civil_of(micros.div_euclid(DAY));
        let of_day = micros.rem_euclid(DAY);
        let seconds = of_day / SECOND;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        (year as u16, month as u8, day as u8, hour as u8, minute as u8, second as u8, (of_day % SECOND) as u32)
    }

    fn in_range(self) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&self).then_some(self)
    }
}

/// `YYYY-MM-DD HH:MM:SS.ffffff` in UTC, as the column shows it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, second, micros) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
    }
}

/// The microsecond that a clock's time lies in; clamped to the range of the column.
impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |nanos| -nanos),
        };
        let micros = nanos.div_euclid(1000).clamp(Self::MIN.0.into(), Self::MAX.0.into());
        Timestamp(i64::try_from(micros).expect("clamped to the range of the column"))
    }
}

fn parse_calendar(text: &[u8]) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.split_at_checked(9)?;
    let &[y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2] = date else { return None };
    let &[b'T' | b't' | b' ', h1, h2, b':', mi1, mi2, b':', s1, s2] = time else { return None };
    let (year, month, day) = (digits(&[y1, y2, y3, y4])?, digits(&[mo1, mo2])?, digits(&[d1, d2])?);
    let (hour, minute, second) = (digits(&[h1, h2])?, digits(&[mi1, mi2])?, digits(&[s1, s2])?);
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (micros, rest) = fraction(rest)?;
    let offset = offset_seconds(rest)?;
    let seconds = days_before(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second.min(59);
    Timestamp((seconds - offset) * SECOND + micros).in_range()
}

/// The microseconds of a fraction at the start of `rest`, if there is one, and what follows it.
fn fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = rest else { return Some((0, rest)) };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return None;
    }
    let micros = digits(&rest[..count.min(6)])? * 10_i64.pow(6_u32.saturating_sub(count as u32));
    Some((micros, &rest[count..]))
}

/// Seconds east of Greenwich; nothing at all is UTC.
fn offset_seconds(rest: &[u8]) -> Option<i64> {
    let (sign, hour, minute) = match *rest {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', h1, h2, b':', m1, m2] => (1, digits(&[h1, h2])?, digits(&[m1, m2])?),
        [b'-', h1, h2, b':', m1, m2] => (-1, digits(&[h1, h2])?, digits(&[m1, m2])?),
        _ => return None,
    };
    (hour <= 23 && minute <= 59).then_some(sign * (hour * 3600 + minute * 60))
}

/// The value of a few digits; `None` if one is not a digit.
fn digits(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date, which may lie before it.
///
/// The year is taken to begin in March: the leap day then is its last, and the days before a month are a straight line.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let month = (month + 9) % 12;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - EPOCH
}

/// Year, month and day of the date so many days from 1970-01-01.
fn civil_of(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    // Without its leap days, of which the last of an era (every 146,096 days) is one, an era has years of 365 days.
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (year * 365 + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = (month + 2) % 12 + 1;
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// A decimal number of any length, read in place: `±0.d₁d₂d₃… × 10^magnitude`.
struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// Leading zeros of `whole` and `fraction` that are no digits of the number.
    zeros: usize,
    /// Digits before the decimal point once the exponent is applied; zero or less for a number below 0.1.
    magnitude: i64,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = split_digits(text)?;
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => split_digits(rest)?,
            rest => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => exponent(rest)?,
            _ => return None,
        };
        let zeros = whole.iter().chain(fraction).take_while(|digit| **digit == b'0').count();
        let magnitude = (whole.len() as i64 - zeros as i64).saturating_add(exponent);
        Some(Decimal { negative, whole, fraction, zeros, magnitude })
    }

    /// The largest integer that is not above the number times 10^`shift`; `None` if it has more than 18 digits.
    fn floor_shifted(&self, shift: i64) -> Option<i64> {
        if self.zeros == self.whole.len() + self.fraction.len() {
            return Some(0);
        }
        let count = self.magnitude.saturating_add(shift);
        if count > 18 {
            return None;
        }
        let mut digits = self.whole.iter().chain(self.fraction).skip(self.zeros);
        let mut value = 0;
        for _ in 0..count {
            value = value * 10 + digits.next().map_or(0, |digit| i64::from(digit - b'0'));
        }
        let cut_off = digits.any(|digit| *digit != b'0');
        Some(if self.negative { -value - i64::from(cut_off) } else { value })
    }
}

/// The digits at the start of `text`, at least one, and what follows them.
fn split_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count > 0).then(|| text.split_at(count))
}

/// An exponent; one beyond any use is as good as the largest that fits.
fn exponent(text: &[u8]) -> Option<i64> {
    let (sign, text) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] => (1, rest),
        rest => (1, rest),
    };
    let (digits, []) = split_digits(text)? else { return None };
    let value =
        digits.iter().fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add((digit - b'0').into()));
    Some(sign * value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_become_moments_in_utc() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let read = Timestamp::parse(text).map(|timestamp| timestamp.to_string());
            assert_eq!(read.as_deref().unwrap_or("unusable"), want, "{text}");
        }
        check("2026-03-04T05:06:07Z", "2026-03-04 05:06:07.000000");
        check("2026-03-04t05:06:07z", "2026-03-04 05:06:07.000000");
        check("2026-03-04 05:06:07Z", "2026-03-04 05:06:07.000000");
        check("2026-03-04 05:06:07", "2026-03-04 05:06:07.000000");
        check("2026-03-04T05:06:07", "2026-03-04 05:06:07.000000");
        check("2026-03-04 05:06:07.5", "2026-03-04 05:06:07.500000");
        check("2026-03-04 05:06:07.123456", "2026-03-04 05:06:07.123456");
        check("2026-03-04T05:06:07.1234569Z", "2026-03-04 05:06:07.123456");
        check("2026-03-04T05:06:07.9999999999999999999999Z", "2026-03-04 05:06:07.999999");
        check("2026-03-04T05:06:07.000000999+00:00", "2026-03-04 05:06:07.000000");
        check("2026-03-04T05:06:07.25+02:00", "2026-03-04 03:06:07.250000");
        check("2026-03-04T05:06:07-05:30", "2026-03-04 10:36:07.000000");
        check("2026-01-01T00:00:00+23:59", "2025-12-31 00:01:00.000000");
        check("2026-03-04T05:06:07-00:00", "2026-03-04 05:06:07.000000");
        check("2024-02-29T00:00:00Z", "2024-02-29 00:00:00.000000");
        check("2000-02-29T00:00:00Z", "2000-02-29 00:00:00.000000");
        check("1969-12-31T23:59:59.9999999Z", "1969-12-31 23:59:59.999999");

        check("2016-12-31T23:59:60Z", "2016-12-31 23:59:59.000000");
        check("2016-12-31T23:59:60.75Z", "2016-12-31 23:59:59.750000");
        check("2016-12-31T15:59:60-08:00", "2016-12-31 23:59:59.000000");
        check("2016-12-31T23:59:61Z", "unusable");

        check("1000-01-01 00:00:00", "1000-01-01 00:00:00.000000");
        check("0999-12-31 23:59:59.999999", "unusable");
        check("1000-01-01T00:00:00+00:01", "unusable");
        check("0999-12-31T23:59:00-00:01", "1000-01-01 00:00:00.000000");
        check("9999-12-31T23:59:59.999999999Z", "9999-12-31 23:59:59.999999");
        check("9999-12-31T23:59:59-00:01", "unusable");
        check("0000-00-00 00:00:00", "unusable");

        for text in [
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01",
            "2026-01-01T00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00,5Z",
            "2026-01-01T00:00:00 Z",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+00:60",
            "2026-01-01T00:00:00+0200",
            "2026-01-01T00:00:00+02",
            "2026-01-01T00:00:00+02:00 ",
            " 2026-01-01T00:00:00Z",
            "2026-01-01  00:00:00",
            "2026-1-1 00:00:00",
            "20260101T000000Z",
            "+2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z[Europe/Berlin]",
            "２０２６-01-01T00:00:00Z",
            "2026-01-01T00:00:0\u{e9}",
            "yesterday",
            "",
        ] {
            check(text, "unusable");
        }
    }

    #[test]
    fn numbers_are_read_by_their_magnitude_and_cut_towards_the_past() {
        #[track_caller]
        fn check(number: &str, want: &str) {
            let read = Timestamp::parse_epoch(number);
            assert_eq!(Timestamp::parse(number), read, "{number} as a string");
            assert_eq!(read.map_or("unusable".into(), |timestamp| timestamp.to_string()), want, "{number}");
        }
        check("0", "1970-01-01 00:00:00.000000");
        check("-0", "1970-01-01 00:00:00.000000");
        check("0.0e999999999999999999999", "1970-01-01 00:00:00.000000");
        check("1772600767", "2026-03-04 05:06:07.000000");
        check("1772600767.5", "2026-03-04 05:06:07.500000");
        check("1772600767.1234569", "2026-03-04 05:06:07.123456");
        check("1772600767.999999999999999999999999999", "2026-03-04 05:06:07.999999");
        check("1.772600767e9", "2026-03-04 05:06:07.000000");
        check("17726007671234569E-7", "2026-03-04 05:06:07.123456");
        check("1772600767000", "2026-03-04 05:06:07.000000");
        check("1772600767123.4569", "2026-03-04 05:06:07.123456");
        check("1772600767123456", "2026-03-04 05:06:07.123456");
        check("1772600767123456.9", "2026-03-04 05:06:07.123456");
        check("1772600767123456999", "2026-03-04 05:06:07.123456");
        check("1772600767123456999.9e0", "2026-03-04 05:06:07.123456");

        check("99999999999", "5138-11-16 09:46:39.000000");
        check("99999999999.9999999", "5138-11-16 09:46:39.999999");
        check("100000000000", "1973-03-03 09:46:40.000000");
        check("1e11", "1973-03-03 09:46:40.000000");
        check("99999999999999", "5138-11-16 09:46:39.999000");
        check("100000000000000", "1973-03-03 09:46:40.000000");
        check("99999999999999999", "5138-11-16 09:46:39.999999");
        check("100000000000000000", "1973-03-03 09:46:40.000000");
        check("-99999999999", "unusable");
        check("-30610224000", "1000-01-01 00:00:00.000000");
        check("-30610224000.0000001", "unusable");
        check("-100000000000", "1966-10-31 14:13:20.000000");
        check("253402300799999999999", "9999-12-31 23:59:59.999999");
        check("253402300800000000000", "unusable");

        check("-1", "1969-12-31 23:59:59.000000");
        check("-0.0000001", "1969-12-31 23:59:59.999999");
        check("-1.0000001", "1969-12-31 23:59:58.999999");
        check("1e-999", "1970-01-01 00:00:00.000000");
        check("-1e-999", "1969-12-31 23:59:59.999999");
        check("-1e-99999999999999999999999999999", "1969-12-31 23:59:59.999999");
        check("1e999", "unusable");
        check("1e99999999999999999999999999999", "unusable");
        check(&"9".repeat(400), "unusable");
        check(&format!("0.{}1772600767e410", "0".repeat(400)), "2026-03-04 05:06:07.000000");
        check(&format!("1772600767{}e-400", "0".repeat(400)), "2026-03-04 05:06:07.000000");

        for text in ["1.", ".5", "1e", "1e+", "-", "--1", "+1", "1 ", " 1", "0x10", "1_000", "1e1.5", "NaN", "1,5", "१"]
        {
            check(text, "unusable");
        }
    }

    #[test]
    fn the_range_is_that_of_a_datetime() {
        assert_eq!(Timestamp::MIN.to_string(), "1000-01-01 00:00:00.000000");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31 23:59:59.999999");
        assert_eq!(Timestamp(i64::MIN).civil(), Timestamp::MIN.civil());
        assert_eq!(Timestamp(i64::MAX).civil(), Timestamp::MAX.civil());
    }

    #[test]
    fn a_clock_is_read_to_the_microsecond_it_is_in() {
        let after = UNIX_EPOCH + Duration::new(1_772_600_767, 123_456_999);
        assert_eq!(Timestamp::from(after).to_string(), "2026-03-04 05:06:07.123456");
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_nanos(1)), Timestamp(-1));
        assert_eq!(Timestamp::from(UNIX_EPOCH + Duration::from_secs(1 << 60)), Timestamp::MAX);
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(1 << 60)), Timestamp::MIN);
    }

    fn any_timestamp() -> impl Strategy<Value = Timestamp> {
        (Timestamp::MIN.0..=Timestamp::MAX.0).prop_map(Timestamp)
    }

    /// What jiff takes: its last moment lies a little before ours.
    fn by_jiff(timestamp: Timestamp) -> Option<jiff::civil::DateTime> {
        Some(jiff::Timestamp::from_microsecond(timestamp.0).ok()?.to_zoned(TimeZone::UTC).datetime())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(timestamp in any_timestamp()) {
            prop_assert_eq!(Timestamp::parse(&timestamp.to_string()), Some(timestamp));
        }

        #[test]
        fn the_calendar_is_that_of_jiff(timestamp in any_timestamp()) {
            if let Some(jiff) = by_jiff(timestamp) {
                let (year, month, day, hour, minute, second, micros) = timestamp.civil();
                let ours = jiff::civil::datetime(
                    year as i16, month as i8, day as i8, hour as i8, minute as i8, second as i8, micros as i32 * 1000,
                );
                prop_assert_eq!(ours, jiff);
            }
        }

        #[test]
        fn rfc_3339_is_read_as_jiff_reads_it(
            year in 998_u16..=9998, month in 0_u8..=13, day in 0_u8..=32,
            hour in 0_u8..=24, minute in 0_u8..=60, second in 0_u8..=61,
            fraction in "(\\.[0-9]{1,9})?", separator in "[Tt ]", offset in "Z|z|[+-][0-1][0-9]:[0-5][0-9]",
        ) {
            let time = format!("{hour:02}:{minute:02}:{second:02}{fraction}{offset}");
            let text = format!("{year:04}-{month:02}-{day:02}{separator}{time}");
            let jiff = text.parse::<jiff::Timestamp>().ok();
            let floor = |moment: jiff::Timestamp| Timestamp(moment.as_nanosecond().div_euclid(1000) as i64).in_range();
            prop_assert_eq!(Timestamp::parse(&text), jiff.and_then(floor), "{}", text);
        }

        #[test]
        fn damaged_text_is_refused_or_read_as_jiff_reads_it(at in 0_usize..25, with in "[0-9:TZ+. -]{0,2}") {
            let mut text = String::from("2026-03-04T05:06:07+02:00");
            text.replace_range(at..=at, &with);
            // A text without an offset, or a number, is no timestamp to jiff.
            if let (Some(ours), Ok(jiff)) = (Timestamp::parse(&text), text.parse::<jiff::Timestamp>()) {
                prop_assert_eq!(i128::from(ours.0), jiff.as_nanosecond().div_euclid(1000), "{}", text);
            }
        }

        #[test]
        fn numbers_agree_with_integer_arithmetic(
            value in prop_oneof![
                -10_i128.pow(21)..10_i128.pow(21), -10_i128.pow(13)..10_i128.pow(13), -10_i128.pow(10)..10_i128.pow(10),
            ],
            point in 0_usize..9, exponent in -9_i32..=9,
        ) {
            // The number is value / 10^scale.
            let scale = point as i32 - exponent;
            let digits = format!("{:0width$}", value.unsigned_abs(), width = point + 1);
            let (whole, fraction) = digits.split_at(digits.len() - point);
            let sign = if value < 0 { "-" } else { "" };
            let dot = if fraction.is_empty() { "" } else { "." };
            let text = format!("{sign}{whole}{dot}{fraction}e{exponent}");

            let below = |power: i32| {
                let power = power + scale;
                power >= 0 && value.unsigned_abs() < 10_u128.pow(power as u32)
            };
            let unit = if below(11) { 6 } else if below(14) { 3 } else if below(17) { 0 } else { -3 };
            let shift = unit - scale;
            let micros = match u32::try_from(shift) {
                Ok(up) => value * 10_i128.pow(up),
                Err(_) => value.div_euclid(10_i128.pow(shift.unsigned_abs())),
            };
            let in_range = i128::from(Timestamp::MIN.0)..=i128::from(Timestamp::MAX.0);
            let want = in_range.contains(&micros).then_some(Timestamp(micros as i64));
            prop_assert_eq!(Timestamp::parse(&text), want, "{}", text);
        }
    }
}
