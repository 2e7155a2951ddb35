//! The most memory that the process has held, where the system tells it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The highest of the peaks that were forgotten, in bytes.
static FORGOTTEN: AtomicU64 = AtomicU64::new(0);

/// The most memory held since the start, in bytes.
pub fn peak() -> Option<u64> {
    Some(recent_peak()?.max(FORGOTTEN.load(Ordering::Relaxed)))
}

/// The most memory held since [`forget_peak`], in bytes.
pub(crate) fn recent_peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Lets [`recent_peak`] begin anew from what is held now, where the system can.
pub(crate) fn forget_peak() {
    FORGOTTEN.fetch_max(recent_peak().unwrap_or(0), Ordering::Relaxed);
    // 5 is the kernel's word for "the peak of this process"; where it is refused, peaks only rise.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
