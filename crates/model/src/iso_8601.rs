//! Spans of time as ISO 8601 writes them: `PT1H30M`.

use std::time::Duration;

/// Reads `P1W`, or `P1DT2H30M5S`: days, hours, minutes and whole seconds, each at most once and in this order. Years
/// and months are refused, because their length varies.
pub fn parse_iso_8601(text: &str) -> Option<Duration> {
    let rest = text.strip_prefix('P')?;
    if let Some(weeks) = rest.strip_suffix('W') {
        return seconds(weeks, 7 * 86_400).map(Duration::from_secs);
    }
    let (date, time) = rest.split_once('T').unwrap_or((rest, ""));
    if date.is_empty() && time.is_empty() || rest.ends_with('T') {
        return None;
    }
    let days = designated(date, &[('D', 86_400)])?;
    let hours = designated(time, &[('H', 3_600), ('M', 60), ('S', 1)])?;
    days.checked_add(hours).map(Duration::from_secs)
}

fn designated(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    for (unit, factor) in units {
        let Some((count, rest)) = text.split_once(*unit) else {
            continue;
        };
        total = total.checked_add(seconds(count, *factor)?)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

fn seconds(count: &str, factor: u64) -> Option<u64> {
    let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
    let count = is_number.then(|| count.parse::<u64>().ok())??;
    count.checked_mul(factor)
}

/// Writes a span, to the millisecond.
pub fn print_iso_8601(span: Duration) -> String {
    let (whole, ms) = (span.as_secs(), span.subsec_millis());
    let (days, hours, minutes) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60);
    let seconds = match (whole % 60, ms) {
        (0, 0) => String::new(),
        (seconds, 0) => format!("{seconds}S"),
        (seconds, ms) => format!("{seconds}.{ms:03}S"),
    };
    let time = [part(hours, 'H'), part(minutes, 'M'), seconds].concat();
    match (days, time.as_str()) {
        (0, "") => "PT0S".to_owned(),
        (days, "") => format!("P{days}D"),
        (days, time) => format!("P{}T{time}", part(days, 'D')),
    }
}

fn part(count: u64, unit: char) -> String {
    if count == 0 {
        String::new()
    } else {
        format!("{count}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read() {
        for (text, seconds) in [
            ("PT0S", 0),
            ("PT30M", 1_800),
            ("P1DT2H3M4S", 93_784),
            ("P90D", 7_776_000),
        ] {
            let span = Duration::from_secs(seconds);
            assert_eq!(parse_iso_8601(text), Some(span), "{text}");
            assert_eq!(print_iso_8601(span), text);
        }
        assert_eq!(parse_iso_8601("P2W"), Some(Duration::from_hours(336)));
        assert_eq!(print_iso_8601(Duration::from_millis(61_005)), "PT1M1.005S");
    }

    #[test]
    fn what_has_no_length_is_refused() {
        for wrong in [
            "",
            "P",
            "PT",
            "PT1X",
            "PT1S2M",
            "PT1.5S",
            "P1M",
            "P1Y",
            "PT-1S",
            "PT+1S",
            "P1DT",
            "1D",
            "PT99999999999999999999S",
        ] {
            assert_eq!(parse_iso_8601(wrong), None, "{wrong}");
        }
    }
}
