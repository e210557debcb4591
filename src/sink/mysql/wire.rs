//! Rows as the parameters of a prepared statement, and how many of them go into one packet.
//!
//! Invariant: a column has one type of value through a whole statement (or NULL): the bulk protocol sends the types
//! once a packet.
//! Invariant: [`packets`] covers its range without gap or overlap, in order, and no packet it makes is larger than the
//! server takes.

use std::net::IpAddr;
use std::ops::Range;

use mysql_async::Value;

use crate::batch::{Batch, RowRef};
use crate::record::Timestamp;
use crate::sink::table::COLUMNS;
use crate::sink::{Class, Error};

/// The protocol takes 65535 parameters a statement.
const PARAMETERS_MAX: usize = u16::MAX as usize;
/// Header of a statement's packet, and what a proxy may add.
const HEADER: usize = 1024;
/// Beyond this a packet is split by the protocol, and long values take a way of their own.
const PACKET_WHOLE: usize = (1 << 24) - 1;
/// A packet of more than this gains nothing, and the driver holds each of them several times over: as values, as a packet,
/// and as bytes on their way. A row that is larger has a packet of its own.
const PACKET_ENOUGH: usize = 128 << 10;
/// A multi-row statement past this size gains nothing and costs the server's parser.
const STATEMENT_ROWS: usize = 512;

/// What the columns of the table want to be sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether `actor_admin_id` is unsigned.
    pub(super) actor: Sign,
    /// Digits after the second that `created_at` keeps.
    pub(super) fraction: u32,
}

/// Whether an integer column has a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Signed,
    Unsigned,
}

/// How the rows are to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// MariaDB's bulk execute: one row of placeholders, any number of rows of values.
    Bulk,
    /// One statement with placeholders for every row.
    MultiRow,
}

/// The values of a row, in the order of [`COLUMNS`].
pub(super) fn values(row: &RowRef<'_>, shape: Shape) -> Result<Vec<Value>, Error> {
    let text = |text: &str| Value::Bytes(text.as_bytes().to_vec());
    let optional = |part: Option<&str>| part.map_or(Value::NULL, text);
    Ok(vec![
        text(row.event_key),
        text(row.severity.as_str()),
        actor(row.actor_admin_id, shape.actor)?,
        row.ip_address.map_or(Value::NULL, |address| Value::Bytes(address_text(address))),
        optional(row.user_agent),
        optional(row.route_name),
        optional(row.request_id),
        optional(row.metadata),
        moment(row.created_at, shape.fraction),
    ])
}

/// The canonical form of an address. Most are of version 4, and formatting those took longer than sending them.
fn address_text(address: IpAddr) -> Vec<u8> {
    let IpAddr::V4(address) = address else { return address.to_string().into_bytes() };
    let mut text = Vec::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push(b'.');
        }
        let digits = [octet / 100, octet / 10 % 10, octet % 10].map(|digit| b'0' + digit);
        let shown = 1 + usize::from(octet > 9) + usize::from(octet > 99);
        text.extend_from_slice(&digits[digits.len() - shown..]);
    }
    text
}

fn actor(id: Option<i128>, sign: Sign) -> Result<Value, Error> {
    let Some(id) = id else { return Ok(Value::NULL) };
    let value = match sign {
        Sign::Signed => i64::try_from(id).map(Value::Int),
        Sign::Unsigned => u64::try_from(id).map(Value::UInt),
    };
    value.map_err(|_| bad_row("`actor_admin_id` is out of the column's range"))
}

/// Cut to the column's digits here, because MySQL would round.
fn moment(at: Timestamp, fraction: u32) -> Value {
    let (year, month, day, hour, minute, second, micros) = at.civil();
    let unit = 10u32.pow(6u32.saturating_sub(fraction));
    Value::Date(year, month, day, hour, minute, second, micros - micros % unit)
}

fn bad_row(what: &str) -> Error {
    Error { class: Class::Data, code: None, what: what.to_owned() }
}

/// At most this many bytes a row takes in a packet of either form.
fn wire_bytes(row: &RowRef<'_>) -> usize {
    // A value has at most 9 bytes of length, 1 of indicator, 2 of type; 40 hold an address, 7 a severity, 12 a moment.
    const OVERHEAD: usize = COLUMNS.len() * 12 + 40 + 7 + 8 + 12;
    row.text_bytes() + OVERHEAD
}

/// Cuts `rows` into statements of `form` that each fit one packet of a server whose limit is `max_allowed_packet`.
///
/// The sizes of multi-row statements are powers of two, so that a session prepares ten of them and no more.
///
/// # Errors
/// [`Class::Data`] if a row alone does not fit.
pub(super) fn packets(
    batch: &Batch,
    rows: Range<usize>,
    form: Form,
    max_allowed_packet: usize,
) -> Result<Vec<Range<usize>>, Error> {
    let sizes = batch.rows(rows.clone()).map(|row| wire_bytes(&row)).collect::<Vec<_>>();
    cut(&sizes, form, max_allowed_packet)
        .map(|cuts| cuts.into_iter().map(|cut| cut.start + rows.start..cut.end + rows.start).collect())
        .ok_or_else(|| bad_row("the row is larger than the server's `max_allowed_packet`"))
}

/// `None` if one of the sizes does not fit.
fn cut(sizes: &[usize], form: Form, max_allowed_packet: usize) -> Option<Vec<Range<usize>>> {
    let alone = max_allowed_packet.saturating_sub(HEADER);
    let together = max_allowed_packet.min(PACKET_WHOLE).min(PACKET_ENOUGH).saturating_sub(HEADER);
    let mut cuts = Vec::new();
    let mut start = 0;
    while start < sizes.len() {
        if sizes[start] > alone {
            return None;
        }
        let mut bytes = 0usize;
        let fitting = sizes[start..].iter().take_while(|&&size| {
            bytes = bytes.saturating_add(size);
            bytes <= together
        });
        let fitting = fitting.count().max(1);
        let count = match form {
            Form::Bulk => fitting,
            Form::MultiRow => 1 << fitting.min(STATEMENT_ROWS).ilog2(),
        };
        cuts.push(start..start + count);
        start += count;
    }
    Some(cuts)
}

/// The statement that stores `rows` rows into `table` (quoted).
pub(super) fn insert_sql(table: &str, rows: usize) -> String {
    debug_assert!(rows * COLUMNS.len() <= PARAMETERS_MAX);
    let placeholders = format!("({})", ["?"; COLUMNS.len()].join(","));
    let columns = COLUMNS.map(|column| format!("`{column}`")).join(",");
    format!("INSERT INTO {table} ({columns}) VALUES {}", vec![placeholders; rows].join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_moment(micros: i64, fraction: u32, want: Value) {
        assert_eq!(moment(Timestamp(micros), fraction), want, "{micros}");
    }

    #[test]
    fn a_moment_is_taken_apart() {
        check_moment(0, 6, Value::Date(1970, 1, 1, 0, 0, 0, 0));
        check_moment(1_700_000_000_123_456, 6, Value::Date(2023, 11, 14, 22, 13, 20, 123_456));
        check_moment(-1, 6, Value::Date(1969, 12, 31, 23, 59, 59, 999_999));
        check_moment(253_402_300_799_999_999, 6, Value::Date(9999, 12, 31, 23, 59, 59, 999_999));
        check_moment(951_782_400_000_000, 6, Value::Date(2000, 2, 29, 0, 0, 0, 0));
    }

    #[test]
    fn a_moment_is_cut_to_the_columns_digits_and_not_rounded() {
        check_moment(1_700_000_000_999_999, 3, Value::Date(2023, 11, 14, 22, 13, 20, 999_000));
        check_moment(1_700_000_000_999_999, 0, Value::Date(2023, 11, 14, 22, 13, 20, 0));
    }

    #[test]
    fn an_address_is_written_as_its_display_does() {
        for octet in 0..=u8::MAX {
            for address in [[octet, 0, 10, 99], [9, 100, octet, 255]] {
                let address = IpAddr::from(address);
                assert_eq!(address_text(address), address.to_string().into_bytes());
            }
        }
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        assert_eq!(address_text(address), b"2001:db8::1");
    }

    #[test]
    fn an_actor_follows_the_sign_of_its_column() {
        assert_eq!(actor(None, Sign::Signed), Ok(Value::NULL));
        assert_eq!(actor(Some(-7), Sign::Signed), Ok(Value::Int(-7)));
        assert_eq!(actor(Some(i128::from(u64::MAX)), Sign::Unsigned), Ok(Value::UInt(u64::MAX)));
        assert_eq!(actor(Some(-7), Sign::Unsigned).map_err(|error| error.class), Err(Class::Data));
        assert_eq!(actor(Some(i128::from(u64::MAX)), Sign::Signed).map_err(|error| error.class), Err(Class::Data));
    }

    #[test]
    fn a_statement_has_a_placeholder_for_every_value() {
        assert_eq!(
            insert_sql("`t`", 2),
            "INSERT INTO `t` (`event_key`,`severity`,`actor_admin_id`,`ip_address`,`user_agent`,`route_name`,\
             `request_id`,`metadata`,`created_at`) VALUES (?,?,?,?,?,?,?,?,?),(?,?,?,?,?,?,?,?,?)"
        );
        assert!(STATEMENT_ROWS * COLUMNS.len() <= PARAMETERS_MAX);
    }

    #[track_caller]
    fn check_cut(sizes: &[usize], form: Form, packet: usize, want: Option<&[usize]>) {
        let counts = cut(sizes, form, packet).map(|cuts| cuts.iter().map(ExactSizeIterator::len).collect::<Vec<_>>());
        assert_eq!(counts.as_deref(), want);
    }

    #[test]
    fn multi_row_statements_come_in_powers_of_two() {
        check_cut(&[1; 1500], Form::MultiRow, 1 << 20, Some(&[512, 512, 256, 128, 64, 16, 8, 4]));
        check_cut(&[1; 1500], Form::Bulk, 1 << 20, Some(&[1500]));
    }

    #[test]
    fn a_packet_takes_what_fits() {
        check_cut(&[400; 5], Form::Bulk, HEADER + 1000, Some(&[2, 2, 1]));
        check_cut(&[300; 5], Form::MultiRow, HEADER + 1000, Some(&[2, 2, 1]));
        check_cut(&[], Form::Bulk, 1 << 20, Some(&[]));
    }

    #[test]
    fn a_row_that_fits_no_packet_is_told() {
        check_cut(&[10, 1001, 10], Form::Bulk, HEADER + 1000, None);
        check_cut(&[10], Form::MultiRow, 0, None);
    }

    #[test]
    fn a_row_past_16_mib_goes_alone() {
        check_cut(&[10, 1 << 25, 10], Form::Bulk, 1 << 26, Some(&[1, 1, 1]));
    }

    proptest! {
        #[test]
        fn cuts_cover_all_rows_in_order_and_fit(
            sizes in prop::collection::vec(0usize..2000, 0..700),
            room in 2000usize..20_000,
            form in prop_oneof![Just(Form::Bulk), Just(Form::MultiRow)],
        ) {
            let cuts = cut(&sizes, form, HEADER + room).unwrap();
            prop_assert_eq!(cuts.iter().cloned().flatten().collect::<Vec<_>>(), (0..sizes.len()).collect::<Vec<_>>());
            for cut in cuts {
                prop_assert!(!cut.is_empty());
                prop_assert!(sizes[cut.clone()].iter().sum::<usize>() <= room);
                prop_assert!(form == Form::Bulk || cut.len().is_power_of_two() && cut.len() <= STATEMENT_ROWS);
            }
        }
    }
}
