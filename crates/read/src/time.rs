//! Times in the spellings that logs use, as microseconds since 1970 in UTC.

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SECOND: i64 = 1_000_000;

/// A time as written: microseconds as if it were UTC, and its distance from UTC where it names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    micros: i64,
    offset: Option<i64>,
}

impl Written {
    fn in_zone(self, zone: &TimeZone) -> Option<i64> {
        match self.offset {
            Some(offset) => self.micros.checked_sub(offset),
            None => place(self.micros, zone),
        }
    }
}

/// Reads the time of an event: RFC 3339 and its usual variants (a space instead of the T, no
/// seconds, a fraction of any length, no zone: `zone`), or a number of seconds, milli-, micro- or
/// nanoseconds since 1970, told apart by their size.
///
/// Gives microseconds since 1970 in UTC; finer digits are cut off.
pub fn parse_time(text: &str, zone: &TimeZone) -> Option<i64> {
    if let Some(micros) = parse_usual(text.as_bytes()) {
        return Some(micros);
    }
    let text = text.trim();
    if let Some(written) = parse_text(text) {
        return written.in_zone(zone);
    }
    match text.parse::<i64>() {
        Ok(whole) => from_epoch(whole),
        Err(_) => text.parse::<f64>().ok().and_then(from_epoch_float),
    }
}

/// `YYYY-MM-DDTHH:MM:SSZ`, which nearly all events have.
fn parse_usual(text: &[u8]) -> Option<i64> {
    let &[_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _, b'Z'] = text
    else {
        return None;
    };
    let two = |at: usize| pair(text[at], text[at + 1]);
    let days = days(two(0)? * 100 + two(2)?, two(5)?, two(8)?)?;
    clock(days, two(11)?, two(14)?, two(17)?)
}

fn pair(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// Microseconds of a day and a clock time; second 60 is the first of the next minute.
fn clock(days: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    let sound = hour < 24 && minute < 60 && second <= 60;
    sound.then(|| (((days * 24 + hour) * 60 + minute) * 60 + second) * SECOND)
}

/// Days since 1970 of a date of the Gregorian calendar (Hinnant, "chrono-compatible low-level date
/// algorithms", 2013).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// A date, with or without a clock time, a fraction and a zone.
pub(crate) fn parse_text(text: &str) -> Option<Written> {
    let bytes = text.as_bytes();
    let (date, rest) = bytes.split_at_checked(10)?;
    let &[a, b, c, d, mark, e, f, same, g, h] = date else { return None };
    if mark != same || !matches!(mark, b'-' | b'/') {
        return None;
    }
    let days = days(pair(a, b)? * 100 + pair(c, d)?, pair(e, f)?, pair(g, h)?)?;
    let [b'T' | b't' | b' ', rest @ ..] = rest else {
        let midnight = Written { micros: clock(days, 0, 0, 0)?, offset: None };
        return rest.is_empty().then_some(midnight);
    };
    let (&[a, b, b':', c, d], mut rest) = rest.split_first_chunk::<5>()? else { return None };
    let (hour, minute) = (pair(a, b)?, pair(c, d)?);
    let mut second = 0;
    if let [b':', a, b, more @ ..] = rest {
        second = pair(*a, *b)?;
        rest = more;
    }
    let mut micros = clock(days, hour, minute, second)?;
    if let [b'.' | b',', more @ ..] = rest {
        let digits = more.iter().take_while(|b| b.is_ascii_digit()).count();
        let scale = [100_000, 10_000, 1_000, 100, 10, 1];
        let fraction = more[..digits].iter().zip(scale).map(|(b, s)| i64::from(b - b'0') * s);
        micros += fraction.sum::<i64>();
        rest = &more[digits..];
    }
    Some(Written { micros, offset: parse_offset(rest.trim_ascii_start())? })
}

/// The zone at the end of a time: none, `Z`, `UTC`, `GMT`, `+02:00`, `+0200`, `+02`; microseconds.
#[expect(clippy::option_option, reason = "no zone and a broken zone are different answers")]
fn parse_offset(text: &[u8]) -> Option<Option<i64>> {
    match text {
        [] => return Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => return Some(Some(0)),
        _ => {}
    }
    let (&sign, digits) = text.split_first()?;
    let (hours, minutes) = match *digits {
        [a, b, b':', c, d] | [a, b, c, d] => (pair(a, b)?, pair(c, d)?),
        [a, b] => (pair(a, b)?, 0),
        _ => return None,
    };
    let offset = (hours * 60 + minutes) * 60 * SECOND;
    match sign {
        b'+' => Some(Some(offset)),
        b'-' => Some(Some(-offset)),
        _ => None,
    }
}

/// A number since 1970: seconds below 10^11 (the year 5138), then milli-, micro-, nanoseconds.
fn from_epoch(number: i64) -> Option<i64> {
    match number.unsigned_abs() {
        0..100_000_000_000 => number.checked_mul(SECOND),
        100_000_000_000..100_000_000_000_000 => number.checked_mul(1000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(number),
        _ => Some(number.div_euclid(1000)),
    }
}

fn from_epoch_float(number: f64) -> Option<i64> {
    if !number.is_finite() {
        return None;
    }
    if number.abs() < 1e11 {
        return Some((number * SECOND as f64).floor() as i64);
    }
    (number.abs() < 9.2e18).then(|| from_epoch(number as i64)).flatten()
}

/// Takes a clock time as one of `zone`.
pub(crate) fn place(micros: i64, zone: &TimeZone) -> Option<i64> {
    if *zone == TimeZone::UTC {
        return Some(micros);
    }
    let civil = jiff::Timestamp::from_microsecond(micros).ok()?;
    let civil: DateTime = TimeZone::UTC.to_datetime(civil);
    zone.to_timestamp(civil).ok().map(jiff::Timestamp::as_microsecond)
}

/// Reads the times of a column; also how many are absent and how many cannot be read.
pub(crate) fn times(column: &ArrayRef, zone: &TimeZone) -> (TimestampMicrosecondArray, u64, u64) {
    let absent = column.logical_null_count() as u64;
    let parsed: TimestampMicrosecondArray = match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>().iter();
            texts.map(|v| v.and_then(|text| parse_time(text, zone))).collect()
        }
        DataType::Int64 => {
            column.as_primitive::<Int64Type>().iter().map(|v| v.and_then(from_epoch)).collect()
        }
        DataType::UInt64 => {
            let whole = column.as_primitive::<UInt64Type>().iter();
            whole.map(|v| v.and_then(|v| i64::try_from(v).ok()).and_then(from_epoch)).collect()
        }
        DataType::Float64 => {
            let floats = column.as_primitive::<Float64Type>().iter();
            floats.map(|v| v.and_then(from_epoch_float)).collect()
        }
        DataType::Timestamp(..) => column.as_primitive::<TimestampMicrosecondType>().clone(),
        _ => TimestampMicrosecondArray::new_null(column.len()),
    };
    let unread = parsed.null_count() as u64 - absent;
    (parsed.with_timezone("UTC"), absent, unread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Option<i64> {
        parse_time(text, &TimeZone::UTC)
    }

    #[test]
    fn agrees_with_the_calendar_on_every_day() {
        for day in (-200_000..200_000).step_by(13) {
            let time = jiff::Timestamp::from_second(day * 86_400 + 3_661).unwrap();
            let text = time.to_string();
            if text.starts_with('-') {
                continue;
            }
            assert_eq!(utc(&text), Some(time.as_microsecond()), "{text}");
        }
    }

    #[test]
    fn reads_the_usual_variants() {
        let want = Some(1_688_989_224_000_000);
        for text in [
            "2023-07-10T11:40:24Z",
            "2023-07-10 11:40:24",
            "2023-07-10T11:40:24.000000000Z",
            "2023-07-10T13:40:24+02:00",
            "2023-07-10 13:40:24 +0200",
            "2023/07/10 11:40:24 UTC",
            "1688989224",
            "1688989224000",
            "1688989224000000",
            "1688989224000000000",
            "1688989224.0",
        ] {
            assert_eq!(utc(text), want, "{text}");
        }
        assert_eq!(utc("2023-07-10T11:40:24.1234567Z"), want.map(|w| w + 123_456));
        assert_eq!(utc("2023-07-10"), Some(1_688_947_200_000_000));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "x",
            "2023-02-29T00:00:00Z",
            "2023-13-01",
            "2023-07-10T25:00:00Z",
            "nan",
            "2023-07-10Tx",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_zone_is_one_of_the_given_zone() {
        let rome = TimeZone::get("Europe/Rome").unwrap();
        assert_eq!(parse_time("2023-07-10 13:40:24", &rome), utc("2023-07-10T11:40:24Z"));
        assert_eq!(parse_time("2023-07-10T11:40:24Z", &rome), utc("2023-07-10T11:40:24Z"));
    }
}
