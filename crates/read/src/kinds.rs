//! What types a column may have, narrowed by every value met.

use crate::time;
use arrow::datatypes::{DataType, TimeUnit};

/// The time type of every column: microseconds, UTC.
pub(crate) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The types that all values of a column fit. Joining columns keeps what both allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// No value was met: all is possible.
    pub(crate) const ANY: Self = Self(0x3f);
    pub(crate) const TEXT: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2 | 1);
    /// Whole numbers below 2^63 fit all numbers, a float only floats.
    pub(crate) const FLOAT: Self = Self(4 | 1);
    pub(crate) const UNSIGNED: Self = Self(8 | 4 | 1);
    pub(crate) const SIGNED: Self = Self(16 | 4 | 1);
    const SMALL: Self = Self(16 | 8 | 4 | 1);
    pub(crate) const TIME: Self = Self(32 | 1);

    /// What both allow.
    #[must_use]
    pub(crate) fn join(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The types that the text of a value fits: only what can be written back as it was.
    pub(crate) fn of_text(text: &str) -> Self {
        match text.as_bytes() {
            [] => Self::ANY,
            [b'0'..=b'9' | b'-' | b'+' | b'.', ..] => match Self::of_number(text) {
                Self::TEXT if time::parse_text(text).is_some() => Self::TIME,
                kinds => kinds,
            },
            b"true" | b"false" | b"True" | b"False" | b"TRUE" | b"FALSE" => Self::BOOLEAN,
            b"nan" | b"NaN" | b"inf" | b"Infinity" => Self::FLOAT,
            _ => Self::TEXT,
        }
    }

    /// The types of a number; text where it is none or would not be the same as a number: leading
    /// zeros, a plus sign, more digits than 64 bits hold.
    pub(crate) fn of_number(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let leading_zero = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        if leading_zero || text.starts_with('+') {
            return Self::TEXT;
        }
        if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() {
            return match (text.parse::<i64>(), text.parse::<u64>()) {
                (Ok(_), _) if text == "-0" => Self::FLOAT,
                (Ok(_), Ok(_)) => Self::SMALL,
                (Ok(_), Err(_)) => Self::SIGNED,
                (Err(_), Ok(_)) => Self::UNSIGNED,
                (Err(_), Err(_)) => Self::TEXT,
            };
        }
        let number = digits.bytes().any(|b| b.is_ascii_digit()) || digits == "inf";
        if number && text.parse::<f64>().is_ok() { Self::FLOAT } else { Self::TEXT }
    }

    /// The kinds of a normalised column.
    pub(crate) fn of_type(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::BOOLEAN,
            DataType::Int64 => Self::SIGNED,
            DataType::UInt64 => Self::UNSIGNED,
            DataType::Float64 => Self::FLOAT,
            DataType::Timestamp(..) => Self::TIME,
            DataType::Null => Self::ANY,
            _ => Self::TEXT,
        }
    }

    /// The narrowest type that fits every value; text where there was no value.
    pub(crate) fn data_type(self) -> DataType {
        let types = [
            (2, DataType::Boolean),
            (16, DataType::Int64),
            (8, DataType::UInt64),
            (4, DataType::Float64),
            (32, time_type()),
        ];
        let narrowest = types.into_iter().find(|(bit, _)| self != Self::ANY && self.0 & bit != 0);
        narrowest.map_or(DataType::Utf8, |(_, data_type)| data_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[&str]) -> DataType {
        values.iter().fold(Kinds::ANY, |k, v| k.join(Kinds::of_text(v))).data_type()
    }

    #[test]
    fn one_odd_value_decides() {
        assert_eq!(column(&["1", "-2", ""]), DataType::Int64);
        assert_eq!(column(&["1", "18446744073709551615"]), DataType::UInt64);
        assert_eq!(column(&["-1", "18446744073709551615"]), DataType::Float64);
        assert_eq!(column(&["1", "2.5", "1e-3", "nan"]), DataType::Float64);
        assert_eq!(column(&["1", "x"]), DataType::Utf8);
        assert_eq!(column(&["True", "false"]), DataType::Boolean);
        assert_eq!(column(&["", ""]), DataType::Utf8);
        assert_eq!(column(&["2024-01-01T00:00:00Z", "2024-01-01 10:00"]), time_type());
        assert_eq!(column(&["2024-01-01T00:00:00Z", "7"]), DataType::Utf8);
    }

    #[test]
    fn what_only_looks_like_a_number_stays_text() {
        for text in
            ["012345678901", "+5", "00.5", "99999999999999999999999", "-", "1.2.3", "10.0.0.1"]
        {
            assert_eq!(Kinds::of_text(text), Kinds::TEXT, "{text}");
        }
    }
}
