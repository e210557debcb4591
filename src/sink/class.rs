//! What the sink does about a server's error number (CONTRACT §4.4), and nothing else about it.
//!
//! Invariant: the class follows from the number alone. The server's text is not looked at, because it quotes values
//! and, before the log-in, comes from nobody in particular.
//! Invariant: a number that is not in the table is [`Class::Unknown`]; nothing is guessed to be data.

use crate::sink::Class;

/// The class of a MySQL or MariaDB error number.
///
/// The numbers from 2000 to 2999 are those of the C client. Servers do not send them, proxies do.
pub fn of_code(code: u16) -> Class {
    match code {
        // 1153 says that a packet was too large. The server hangs up after it, and the limit is read again on connect.
        1042 | 1043 | 1053 | 1077 | 1079 | 1152..=1161 | 1184 | 1243 | 1317 | 1927 | 4031 => Class::Connection,
        // Galera: the commit was sent and nobody knows whether it counts.
        1180 => Class::Connection,
        2002 | 2003 | 2006 | 2013 | 2014 | 2027 | 2055 => Class::Connection,
        1020 | 1205 | 1206 | 1213 | 1615 | 1969 | 3024 | 3100 | 3101 => Class::Busy,
        1037 | 1038 | 1040 | 1041 | 1135 | 1203 | 1226 | 1429 => Class::Busy,
        // 1047 is Galera's answer from a node that has no quorum or is still joining: another node may have it.
        1047 | 1209 | 1223 | 1290 | 1792 | 1836 => Class::NotTheWriter,
        28 | 1021 | 1026 | 1030 | 1114 => Class::Full,
        1048 | 1062 | 1118 | 1263 | 1264 | 1265 | 1292 | 1300 | 1301 | 1366 | 1367 | 1390 | 1406 | 1411 => Class::Data,
        // 1644 is what a trigger says that was written to refuse a row.
        1644 | 2020 | 3140 | 3141 | 3156 | 3157 | 3158 | 3819 | 4025 => Class::Data,
        1044 | 1045 | 1129 | 1130 | 1142 | 1143 | 1227 | 1251 | 1698 | 1820 | 1862 => Class::Schema,
        2026 | 2059 | 3118 | 3159 | 4151 => Class::Schema,
        1046 | 1049 | 1054 | 1109 | 1136 | 1146 | 1193 | 1231 | 1364 | 1665 | 1932 | 4033 => Class::Schema,
        _ => Class::Unknown,
    }
}

/// Whether the number says that the account may not do it.
pub fn is_denied(code: u16) -> bool {
    matches!(code, 1044 | 1045 | 1142 | 1143 | 1227)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: u16, want: Class) {
        assert_eq!(of_code(code), want, "error {code}");
    }

    #[track_caller]
    fn check_all(codes: impl IntoIterator<Item = u16>, want: Class) {
        codes.into_iter().for_each(|code| check(code, want));
    }

    #[test]
    fn a_lost_connection() {
        check_all([1053, 1077, 1079, 1184, 1317, 1927, 2002, 2003, 2006, 2013, 2055, 4031], Class::Connection);
        check_all(1152..=1161, Class::Connection);
    }

    #[test]
    fn a_commit_that_galera_could_not_place_is_unknown_like_a_lost_connection() {
        check(1180, Class::Connection);
    }

    #[test]
    fn a_transaction_to_send_again() {
        check_all([1020, 1205, 1213, 1969, 3024], Class::Busy);
    }

    #[test]
    fn a_server_with_no_connection_left() {
        check_all([1040, 1203, 1226], Class::Busy);
    }

    #[test]
    fn a_server_that_only_reads() {
        check_all([1290, 1792, 1836], Class::NotTheWriter);
    }

    #[test]
    fn a_galera_node_without_quorum() {
        check(1047, Class::NotTheWriter);
    }

    #[test]
    fn a_server_without_room() {
        check_all([28, 1021, 1030, 1114], Class::Full);
    }

    #[test]
    fn a_row_that_can_never_be_stored() {
        check_all([1048, 1062, 1264, 1265, 1292, 1366, 1390, 1406, 1411], Class::Data);
        check_all([1644, 2020, 3140, 3156, 3157, 3819, 4025], Class::Data);
    }

    #[test]
    fn rights() {
        check_all([1044, 1045, 1142, 1143, 1227, 1698, 1820, 1862, 2059, 3118, 3159, 4151], Class::Schema);
    }

    #[test]
    fn the_schema() {
        check_all([1046, 1049, 1054, 1109, 1136, 1146, 1231, 1364], Class::Schema);
    }

    #[test]
    fn a_missing_partition_is_not_taken_for_a_bad_row() {
        check(1526, Class::Unknown);
    }

    #[test]
    fn every_other_number_is_unknown() {
        check_all([0, 1, 999, 1000, 1064, 1305, 5000, u16::MAX], Class::Unknown);
    }

    #[test]
    fn what_is_denied_is_a_matter_of_the_schema() {
        (0..=u16::MAX).filter(|&code| is_denied(code)).for_each(|code| check(code, Class::Schema));
    }
}
